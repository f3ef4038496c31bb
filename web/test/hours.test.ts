import { describe, expect, it } from "vitest";
import { ranges } from "../src/parts/HoursPlot.tsx";
import { HOUR_MS, sum, week } from "../src/state/hours.ts";

const NOW = Date.UTC(2026, 10, 22, 12, 30);
const DAY = 24 * HOUR_MS;
const hourOf = (ms: number) => new Date(Math.floor(ms / HOUR_MS) * HOUR_MS).toISOString();
const steady = (from: number, to: number, count = 6) => {
  const hours: { at: string; count: number }[] = [];
  for (let at = from; at <= to; at += HOUR_MS) hours.push({ at: hourOf(at), count });
  return hours;
};

describe("a week of heartbeats", () => {
  it("has seven days from midnight, the last one today", () => {
    const days = week({ every_s: 600, hours: [] }, 0, NOW);
    expect(days).toHaveLength(7);
    expect(new Date(days[6]?.[0]?.at ?? 0).toDateString()).toBe(new Date(NOW).toDateString());
    for (const day of days) expect(new Set(day.map((h) => new Date(h.at).toDateString())).size).toBe(1);
    expect(days.flat().map((h) => h.at)).toEqual([...days.flat().map((h) => h.at)].sort((a, b) => a - b));
  });

  it("calls an hour full, partly kept or silent by what was due in it", () => {
    const hours = [{ at: hourOf(NOW - 2 * HOUR_MS), count: 6 }, { at: hourOf(NOW - 3 * HOUR_MS), count: 2 }, { at: hourOf(NOW - 5 * HOUR_MS), count: 5 }];
    const all = week({ every_s: 600, hours }, 0, NOW).flat();
    const at = (back: number) => all.find((h) => h.at === Math.floor((NOW - back * HOUR_MS) / HOUR_MS) * HOUR_MS);
    expect(at(2)).toMatchObject({ is: "full", count: 6, most: 6 });
    expect(at(3)?.is).toBe("some");
    expect(at(4)?.is).toBe("none");
    expect(at(5)?.is, "a beat that slipped into the next hour is no gap").toBe("full");
  });

  it("asks nothing of hours to come, of those before the binding, and little of the running one", () => {
    const bound = NOW - 2 * DAY;
    const days = week({ every_s: 600, hours: steady(bound, NOW - HOUR_MS).concat({ at: hourOf(NOW), count: 3 }) }, bound, NOW);
    const all = days.flat();
    expect(all.filter((h) => h.at > NOW).every((h) => h.is === "future")).toBe(true);
    expect(all.filter((h) => h.at + HOUR_MS <= bound).every((h) => h.is === "before")).toBe(true);
    expect(all.find((h) => h.at <= NOW && NOW < h.at + HOUR_MS)).toMatchObject({ is: "full", most: 3 });
    expect(sum(days).silent).toBe(0);
  });

  it("counts what came and what was due", () => {
    const bound = NOW - DAY;
    const whole = sum(week({ every_s: 3600, hours: steady(bound + HOUR_MS, NOW - HOUR_MS, 1) }, bound, NOW));
    expect(whole.count).toBe(23);
    expect(whole.most).toBeGreaterThanOrEqual(whole.count);
    const gap = sum(week({ every_s: 3600, hours: steady(bound + HOUR_MS, NOW - 5 * HOUR_MS, 1) }, bound, NOW));
    expect(gap.silent).toBe(4);
  });

  it("joins neighbouring silent hours", () => {
    expect(ranges([3, 4, 5, 9])).toBe("03–06, 09–10");
    expect(ranges([])).toBe("");
    expect(ranges([23])).toBe("23–24");
  });
});
