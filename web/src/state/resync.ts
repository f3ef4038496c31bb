// The rules of following the server live, without a socket or a clock: what was seen, what to ask for, when to read everything
// anew. Promise: every event above `since` is applied once and in order, or a reload is asked for.

export interface Frame {
  t: string;
  id?: number;
  at?: string;
  head?: number;
  epoch?: number;
  account?: number;
  d?: unknown;
}

export interface Sync {
  phase: "down" | "greeting" | "replaying" | "live";
  epoch: number | null;
  since: number | null;
  tries: number;
}

export type Input = { is: "opened" } | { is: "frame"; frame: Frame } | { is: "closed"; code: number };

export type Effect =
  | { do: "hello"; epoch: number | null; since: number | null }
  | { do: "reload" }
  | { do: "apply"; frame: Frame }
  | { do: "caught-up" }
  | { do: "retry"; afterMs: number }
  | { do: "signed-out" };

export const CLOSED_SIGNED_OUT = 4001;
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 20_000;

export const asleep = (): Sync => ({ phase: "down", epoch: null, since: null, tries: 0 });

/** How long to wait before the next try; `luck` in 0..1 spreads clients, so that a restarted server is not stormed. */
export function patience(tries: number, luck: number): number {
  const full = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 10));
  return Math.round(full / 2 + (full / 2) * luck);
}

export function step(now: Sync, input: Input, luck: number): [Sync, Effect[]] {
  if (input.is === "opened") return [{ ...now, phase: "greeting" }, [{ do: "hello", epoch: now.epoch, since: now.since }]];
  if (input.is === "closed") {
    if (input.code === CLOSED_SIGNED_OUT) return [asleep(), [{ do: "signed-out" }]];
    return [{ ...now, phase: "down", tries: now.tries + 1 }, [{ do: "retry", afterMs: patience(now.tries, luck) }]];
  }
  const frame = input.frame;
  switch (frame.t) {
    case "welcome": {
      // Another epoch means other data: what we hold may never have happened there.
      const known = now.since !== null && (frame.epoch === undefined || frame.epoch === now.epoch);
      const next: Sync = { phase: "replaying", epoch: frame.epoch ?? now.epoch, since: known ? now.since : (frame.head ?? 0), tries: 0 };
      return [next, known ? [] : [{ do: "reload" }]];
    }
    case "reload":
      return [{ phase: "replaying", epoch: frame.epoch ?? now.epoch, since: frame.head ?? 0, tries: 0 }, [{ do: "reload" }]];
    case "live":
      return [{ ...now, phase: "live", tries: 0 }, [{ do: "caught-up" }]];
    default:
      break;
  }
  if (frame.id === undefined || frame.id === 0) return [now, [{ do: "apply", frame }]];
  if (now.since !== null && frame.id <= now.since) return [now, []];
  return [{ ...now, since: frame.id }, [{ do: "apply", frame }]];
}
