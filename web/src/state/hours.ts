// The heartbeats of a week in the reader's own days and hours: seven rows from midnight to midnight, the last one today.
import type { Beats } from "../api-machines";

export const HOUR_MS = 3_600_000;
const DAYS = 7;

export interface Hour {
  /** When it begins (ms since 1970). */
  at: number;
  count: number;
  /** How many were due in it; 0 where none was. */
  most: number;
  is: "future" | "before" | "full" | "some" | "none";
}

/** Midnight of the day so many days before `now`, by the local calendar: not every day has 24 hours. */
function midnight(now: number, daysBack: number): number {
  const d = new Date(now);
  return new Date(d.getFullYear(), d.getMonth(), d.getDate() - daysBack).getTime();
}

/** Seven days of hours. The hour that is running and the one in which the machine was bound expect only their part. */
export function week(beats: Beats, boundAt: number, now: number): Hour[][] {
  const counts = new Map<number, number>();
  for (const h of beats.hours) {
    const at = Math.floor(Date.parse(h.at) / HOUR_MS) * HOUR_MS;
    counts.set(at, (counts.get(at) ?? 0) + h.count);
  }
  const days: Hour[][] = [];
  for (let back = DAYS - 1; back >= 0; back--) {
    const row: Hour[] = [];
    // The hours of the server are those of UTC; where midnight lies half an hour beside them, a day begins with the next one.
    const first = Math.ceil(midnight(now, back) / HOUR_MS) * HOUR_MS;
    const end = Math.ceil(midnight(now, back - 1) / HOUR_MS) * HOUR_MS;
    for (let at = first; at < end; at += HOUR_MS) row.push(hour(at, counts.get(at) ?? 0, beats.every_s, boundAt, now));
    days.push(row);
  }
  return days;
}

function hour(at: number, count: number, everyS: number, boundAt: number, now: number): Hour {
  if (at > now) return { at, count, most: 0, is: "future" };
  if (count === 0 && at + HOUR_MS <= boundAt) return { at, count, most: 0, is: "before" };
  const lived = Math.min(at + HOUR_MS, now) - Math.max(at, Math.min(boundAt, at + HOUR_MS));
  const most = Math.max(count, Math.floor(lived / 1000 / Math.max(1, everyS)));
  // One beat more or less is the jitter of clocks, not a gap.
  const is = count === 0 ? (most > 0 ? "none" : "full") : count >= most - 1 ? "full" : "some";
  return { at, count, most, is };
}

export interface Sum {
  count: number;
  most: number;
  silent: number;
}
export function sum(days: readonly (readonly Hour[])[]): Sum {
  const all = days.flat();
  return { count: all.reduce((n, h) => n + h.count, 0), most: all.reduce((n, h) => n + h.most, 0), silent: all.filter((h) => h.is === "none").length };
}
