import { describe, expect, it } from "vitest";
import type { Account } from "../src/api.ts";
import { fateOf, further, readUpTo } from "../src/state/marks.ts";

const marks = (read_offset: number, delivered_offset: number) => ({ read_offset, delivered_offset });
const peer = { id: 2 } as Account;

describe("what became of one's own message", () => {
  it("goes from sent over delivered to read in a room of two", () => {
    const fate = (others: ReturnType<typeof marks> | null) => fateOf(7, { peer, others });
    expect([fate(null), fate(marks(5, 6)), fate(marks(5, 7)), fate(marks(7, 7))]).toEqual(["sent", "sent", "delivered", "read"]);
  });
  it("says of a group only whether anybody has read it", () => {
    const fate = (others: ReturnType<typeof marks> | null) => fateOf(7, { peer: null, others });
    expect([fate(null), fate(marks(5, 9)), fate(marks(7, 7))]).toEqual(["sent", "sent", "seen"]);
  });
  it("keeps a live word that is newer than the list, and does not invent marks that are not told", () => {
    expect(further(marks(3, 4), marks(5, 5))).toEqual(marks(5, 5));
    expect(further(marks(3, 9), marks(5, 5))).toEqual(marks(5, 9));
    expect(further(marks(3, 4), undefined)).toEqual(marks(3, 4));
    expect(further(null, marks(5, 5))).toBeNull();
  });
  it("moves marks forward only, and what is read has arrived", () => {
    const old = marks(3, 4);
    expect(readUpTo(old, 3)).toBe(old);
    expect(readUpTo(old, 6)).toEqual(marks(6, 6));
    expect(readUpTo(marks(3, 9), 6)).toEqual(marks(6, 9));
  });
});
