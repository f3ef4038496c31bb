// Times as people read them, in the language in force and the browser's own time zone.
import { language, w } from "../words";

const made = new Map<string, Intl.DateTimeFormat>();
function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${name}`;
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(language.value === "zh" ? "zh-CN" : navigator.language.startsWith("en") ? navigator.language : "en", options)));
  return found;
}

export const dayOf = (at: string | number): string => {
  const d = new Date(at);
  return `${d.getFullYear()}-${d.getMonth()}-${d.getDate()}`;
};
const DAY_MS = 86_400_000;

export const clock = (at: string | number): string => format("clock", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
export const full = (at: string | number): string => format("full", { dateStyle: "full", timeStyle: "medium" }).format(new Date(at));
export const date = (at: string | number): string => format("date", { dateStyle: "medium" }).format(new Date(at));
export const moment = (at: string | number): string => format("moment", { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));

export function day(at: string | number): string {
  if (dayOf(at) === dayOf(Date.now())) return w.value.today;
  if (dayOf(at) === dayOf(Date.now() - DAY_MS)) return w.value.yesterday;
  return format("day", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(new Date(at));
}

/** Short form for lists: the clock today, the weekday this week, then the date. */
export function brief(at: string): string {
  if (dayOf(at) === dayOf(Date.now())) return clock(at);
  if (Date.now() - new Date(at).getTime() < 6 * DAY_MS) return format("week", { weekday: "short" }).format(new Date(at));
  return format("short", { day: "numeric", month: "numeric", year: "2-digit" }).format(new Date(at));
}

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  let left = n;
  while (left >= 1000 && at < units.length - 1) {
    left /= 1000;
    at++;
  }
  return `${at === 0 ? left : left.toFixed(left < 10 ? 1 : 0)} ${units[at]}`;
}

/** Until when a ban or mute holds. */
export const until = (text: string): string => (text === "forever" ? w.value.forever : moment(text));
