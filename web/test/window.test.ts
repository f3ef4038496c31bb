import { describe, expect, it } from "vitest";
import type { Message, Messages } from "../src/api.ts";
import { atEnd, atStart, change, cut, find, fromPage, head, join, nothing, place, reacted, type Run, tail } from "../src/state/window.ts";

const message = (offset: number, text = `m${offset}`): Message => ({ id: offset, room: 1, offset, sender: 1, sent_at: "2026-01-01T00:00:00Z", text, segments: [], mentions: [], encrypted: false, reactions: [] });
const page = (from: number, to: number, last = 100): Messages => ({ items: Array.from({ length: to - from + 1 }, (_, i) => message(from + i)), first_offset: 1, last_offset: last });
const offsets = (run: Run) => run.items.map((m) => m.offset);

describe("the run of messages", () => {
  it("grows at both ends without a hole or a repeat", () => {
    let run = fromPage(page(50, 60), 0);
    run = join(run, page(40, 52)) as Run;
    run = join(run, page(61, 70)) as Run;
    expect(offsets(run)).toEqual(Array.from({ length: 31 }, (_, i) => 40 + i));
    expect(head(run)).toBe(40);
    expect(tail(run)).toBe(70);
    expect(atStart(run)).toBe(false);
    expect(atEnd(run)).toBe(false);
  });

  it("takes the newer text where two pages overlap", () => {
    const run = fromPage(page(1, 5), 0);
    const newer = page(3, 6);
    newer.items[0] = message(3, "edited");
    expect(join(run, newer)?.items[2]?.text).toBe("edited");
  });

  it("refuses a page that would leave a hole", () => {
    expect(join(fromPage(page(10, 20), 0), page(30, 40))).toBeNull();
  });

  it("keeps what it has when a page is empty", () => {
    const run = fromPage(page(1, 3, 3), 0);
    expect(offsets(join(run, { items: [], first_offset: 1, last_offset: 3 }) as Run)).toEqual([1, 2, 3]);
  });

  it("appends a live message only at the end", () => {
    const atTheEnd = fromPage(page(90, 100, 100), 0);
    expect(tail(place(atTheEnd, message(101)).run)).toBe(101);
    const inThePast = fromPage(page(10, 20, 100), 0);
    const placed = place(inThePast, message(101));
    expect(tail(placed.run)).toBe(20);
    expect(placed.run.last).toBe(101);
    expect(placed.hole).toBe(false);
  });

  it("takes the same live message twice as one", () => {
    const once = place(fromPage(page(1, 3, 3), 0), message(4)).run;
    const twice = place(once, message(4)).run;
    expect(offsets(twice)).toEqual([1, 2, 3, 4]);
  });

  it("tells when a live message shows that others were missed", () => {
    expect(place(fromPage(page(1, 3, 3), 0), message(6)).hole).toBe(true);
  });

  it("takes the first message of an empty room", () => {
    expect(offsets(place(nothing, message(1)).run)).toEqual([1]);
  });

  it("is cut at the end that nobody looks at", () => {
    const run = fromPage(page(1, 50), 0);
    expect(offsets(cut(run, 10, "old"))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(head(cut(run, 10, "new"))).toBe(41);
  });

  it("changes one message and leaves the others the same objects", () => {
    const run = fromPage(page(1, 3), 0);
    const fresh = change(run, 2, (m) => ({ ...m, text: "x" }));
    expect(fresh.items[1]?.text).toBe("x");
    expect(fresh.items[0]).toBe(run.items[0]);
    expect(change(run, 9, (m) => ({ ...m, text: "x" }))).toBe(run);
  });

  it("finds a message also when a server keeps gaps", () => {
    const run: Run = { items: [message(1), message(4), message(9)], first: 1, last: 9 };
    expect(find(run, 4)).toBe(1);
    expect(find(run, 5)).toBe(-1);
  });
});

describe("reactions", () => {
  it("count a person once, however often the event comes", () => {
    const one = reacted([], "👍", 7, true);
    expect(reacted(one, "👍", 7, true)).toEqual([{ emoji: "👍", count: 1, accounts: [7] }]);
    expect(reacted(one, "👍", 8, true)[0]?.count).toBe(2);
    expect(reacted(one, "👍", 7, false)).toEqual([]);
    expect(reacted(one, "👍", 9, false)).toEqual(one);
  });
});
