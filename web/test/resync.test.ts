import { describe, expect, it } from "vitest";
import { asleep, type Effect, type Frame, type Input, patience, step, type Sync } from "../src/state/resync.ts";

function run(inputs: Input[], from: Sync = asleep()): { sync: Sync; effects: Effect[] } {
  const effects: Effect[] = [];
  let sync = from;
  for (const input of inputs) {
    const [next, more] = step(sync, input, 0.5);
    sync = next;
    effects.push(...more);
  }
  return { sync, effects };
}
const frame = (f: Frame): Input => ({ is: "frame", frame: f });
const applied = (effects: Effect[]) => effects.filter((e) => e.do === "apply").map((e) => (e as { frame: Frame }).frame.id);

describe("following the server live", () => {
  it("reads everything once after the first welcome, then applies events in order", () => {
    const { sync, effects } = run([{ is: "opened" }, frame({ t: "welcome", epoch: 5, head: 10 }), frame({ t: "live" }), frame({ t: "message", id: 11 }), frame({ t: "message", id: 12 })]);
    expect(effects[0]).toEqual({ do: "hello", epoch: null, since: null });
    expect(effects[1]).toEqual({ do: "reload" });
    expect(applied(effects)).toEqual([11, 12]);
    expect(sync).toMatchObject({ phase: "live", since: 12, epoch: 5, tries: 0 });
  });

  it("asks for what it missed after a break and does not apply anything twice", () => {
    const first = run([{ is: "opened" }, frame({ t: "welcome", epoch: 5, head: 10 }), frame({ t: "live" }), frame({ t: "message", id: 11 })]).sync;
    const { effects, sync } = run([{ is: "closed", code: 1006 }, { is: "opened" }, frame({ t: "welcome", epoch: 5, head: 13 }), frame({ t: "message", id: 11 }), frame({ t: "message", id: 12 }), frame({ t: "message", id: 13 }), frame({ t: "live" })], first);
    expect(effects).toContainEqual({ do: "hello", epoch: 5, since: 11 });
    expect(effects.some((e) => e.do === "reload")).toBe(false);
    expect(applied(effects)).toEqual([12, 13]);
    expect(sync.since).toBe(13);
  });

  it("reads everything anew when the server's data is another", () => {
    const first = run([{ is: "opened" }, frame({ t: "welcome", epoch: 5, head: 10 }), frame({ t: "live" })]).sync;
    const { effects, sync } = run([{ is: "closed", code: 1001 }, { is: "opened" }, frame({ t: "welcome", epoch: 6, head: 3 })], first);
    expect(effects).toContainEqual({ do: "reload" });
    expect(sync).toMatchObject({ epoch: 6, since: 3 });
  });

  it("reads everything anew when the server says so", () => {
    const first = run([{ is: "opened" }, frame({ t: "welcome", epoch: 5, head: 10 })]).sync;
    const { effects, sync } = run([{ is: "closed", code: 1006 }, { is: "opened" }, frame({ t: "reload", head: 9000 })], first);
    expect(effects.at(-1)).toEqual({ do: "reload" });
    expect(sync.since).toBe(9000);
  });

  it("lets passing frames through without moving the mark", () => {
    const { sync, effects } = run([{ is: "opened" }, frame({ t: "welcome", epoch: 1, head: 4 }), frame({ t: "typing", d: { room: 1 } })]);
    expect(applied(effects)).toEqual([undefined]);
    expect(sync.since).toBe(4);
  });

  it("stops when the login has ended", () => {
    const { sync, effects } = run([{ is: "opened" }, frame({ t: "welcome", epoch: 1, head: 4 }), { is: "closed", code: 4001 }]);
    expect(effects.at(-1)).toEqual({ do: "signed-out" });
    expect(sync).toEqual(asleep());
  });

  it("waits longer after each failure, never longer than the limit, and spreads clients", () => {
    expect(patience(0, 0)).toBe(250);
    expect(patience(0, 1)).toBe(500);
    expect(patience(3, 1)).toBe(4000);
    expect(patience(99, 1)).toBe(20_000);
    expect(patience(99, 0)).toBe(10_000);
  });
});
