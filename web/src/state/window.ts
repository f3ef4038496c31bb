// The part of a room's log that the page holds: a run of messages without holes, which grows at both ends, takes live messages and
// is cut at the far end so that a room of any length costs the same.
import type { Message, Messages, Reaction } from "../api";

export interface Run {
  /** Rising offsets, no hole. */
  items: readonly Message[];
  /** First offset of the room that can be read. */
  first: number;
  /** Newest offset of the room that we know of. */
  last: number;
}

export const PAGE = 50;
export const RUN_MOST = 300;

export const nothing: Run = { items: [], first: 1, last: 0 };

export const head = (run: Run): number => run.items[0]?.offset ?? 0;
export const tail = (run: Run): number => run.items[run.items.length - 1]?.offset ?? 0;
export const atStart = (run: Run): boolean => run.items.length === 0 || head(run) <= run.first;
export const atEnd = (run: Run): boolean => tail(run) >= run.last;

/** A run made of one page: the room was just opened, or somebody jumped to another place. */
export function fromPage(page: Messages, known: number): Run {
  return { items: [...page.items].sort((a, b) => a.offset - b.offset), first: page.first_offset, last: Math.max(page.last_offset, known) };
}

/** Puts a page next to the run; what both hold is taken from the page, which is newer. A page that leaves a hole is refused. */
export function join(run: Run, page: Messages): Run | null {
  const first = page.first_offset;
  const last = Math.max(page.last_offset, run.last);
  if (page.items.length === 0) return { ...run, first, last };
  if (run.items.length === 0) return fromPage(page, run.last);
  const from = page.items[0]?.offset ?? 0;
  const to = page.items[page.items.length - 1]?.offset ?? 0;
  if (from > tail(run) + 1 || to < head(run) - 1) return null;
  const before = run.items.filter((m) => m.offset < from);
  const after = run.items.filter((m) => m.offset > to);
  return { items: [...before, ...page.items, ...after], first, last };
}

/** Cuts the run to `most` messages, away from the end that is being looked at. */
export function cut(run: Run, most: number, keep: "old" | "new"): Run {
  if (run.items.length <= most) return run;
  return { ...run, items: keep === "old" ? run.items.slice(0, most) : run.items.slice(-most) };
}

export type Placed = { run: Run; hole: boolean };

/** Takes a live message: appended, replaced, or only counted when the run does not reach the end. `hole`: something was missed. */
export function place(run: Run, message: Message): Placed {
  const last = Math.max(run.last, message.offset);
  const at = find(run, message.offset);
  if (at >= 0) {
    const items = [...run.items];
    items[at] = message;
    return { run: { ...run, items, last }, hole: false };
  }
  if (!atEnd(run) || message.offset < head(run)) return { run: { ...run, last }, hole: false };
  if (message.offset === tail(run) + 1 || run.items.length === 0) return { run: { ...run, items: [...run.items, message], last }, hole: false };
  return { run: { ...run, last }, hole: true };
}

/** Changes one message in place, if the run holds it. */
export function change(run: Run, offset: number, to: (m: Message) => Message): Run {
  const at = find(run, offset);
  const old = run.items[at];
  if (!old) return run;
  const fresh = to(old);
  if (fresh === old) return run;
  const items = [...run.items];
  items[at] = fresh;
  return { ...run, items };
}

export function find(run: Run, offset: number): number {
  // No hole, so the place is the distance from the head; the search is for servers that keep gaps.
  const guess = offset - head(run);
  if (run.items[guess]?.offset === offset) return guess;
  return run.items.findIndex((m) => m.offset === offset);
}

/** Adds or takes one person's reaction; the same event twice changes nothing. */
export function reacted(list: readonly Reaction[], emoji: string, who: number, on: boolean): Reaction[] {
  const old = list.find((r) => r.emoji === emoji);
  const has = old?.accounts.includes(who) ?? false;
  if (on === has) return list as Reaction[];
  if (!old) return [...list, { emoji, count: 1, accounts: [who] }];
  const fresh: Reaction = {
    emoji,
    count: old.count + (on ? 1 : -1),
    accounts: on ? [...old.accounts, who] : old.accounts.filter((a) => a !== who),
  };
  return list.map((r) => (r === old ? fresh : r)).filter((r) => r.count > 0);
}
