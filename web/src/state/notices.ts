// Short messages to the person: what went wrong, what is done, and what a screen reader should say.
import { signal } from "@preact/signals";
import { Problem } from "../api";
import { w } from "../words";

export interface Notice {
  id: number;
  kind: "error" | "done";
  text: string;
}
export const notices = signal<readonly Notice[]>([]);
/** Read out by screen readers, seen by nobody. */
export const spoken = signal("");

let counter = 0;
const SHOWN_MS = { error: 9000, done: 3500 } as const;
const NOTICES_MOST = 4;

export function notify(kind: Notice["kind"], text: string): void {
  const id = ++counter;
  notices.value = [...notices.value.filter((n) => n.text !== text), { id, kind, text }].slice(-NOTICES_MOST);
  setTimeout(() => dismiss(id), SHOWN_MS[kind]);
}
export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}
export function say(text: string): void {
  // The same text twice in a row would not be read again.
  spoken.value = spoken.value === text ? `${text} ` : text;
}

/** What to tell the person about a failure. */
export function reason(error: unknown): string {
  const t = w.value;
  if (!(error instanceof Problem)) return t.somethingWrong;
  if (error.status === 0) return t.offlineError;
  if (error.status === 429 && error.retryAfterMs) return t.tooFast(Math.ceil(error.retryAfterMs / 1000));
  return t.problems[error.code] ?? (error.detail || t.somethingWrong);
}

/** Runs an action of the person; a failure becomes a notice. Answers whether it went well. */
export async function attempt(act: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await act();
    if (done) notify("done", done);
    return true;
  } catch (error) {
    notify("error", reason(error));
    return false;
  }
}
