import { describe, expect, it } from "vitest";
import { type Message, type NewMessage, Problem } from "../src/api.ts";
import { due, freshKey, Outbox, type Parcel, PARCELS_MOST, type Shelf, wait } from "../src/state/outbox.ts";

function shelf(): Shelf & { map: Map<string, string> } {
  const map = new Map<string, string>();
  return { map, keys: () => [...map.keys()], get: (k) => map.get(k) ?? null, set: (k, v) => void map.set(k, v), remove: (k) => void map.delete(k) };
}
const answer = (room: number, b: NewMessage): Message => ({ id: 1, room, offset: 1, sender: 1, sent_at: "", text: b.text ?? "", segments: [], mentions: [], client_key: b.client_key, encrypted: false, reactions: [] });
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

/** A server whose answers the test gives by hand. */
function server() {
  const calls: { room: number; body: NewMessage; ok: () => void; fail: (p: Problem) => void }[] = [];
  const send = (room: number, body: NewMessage) => new Promise<Message>((done, fail) => calls.push({ room, body, ok: () => done(answer(room, body)), fail }));
  return { calls, send };
}

describe("the outbox", () => {
  it("keeps a message until the server has acknowledged it", async () => {
    const kept = shelf();
    const s = server();
    const box = new Outbox(kept, "o.", s.send, () => {});
    box.add(1, { client_key: "a", text: "hello" });
    expect(kept.map.size).toBe(1);
    expect(box.parcels.value[0]?.state).toBe("sending");
    s.calls[0]?.ok();
    await settle();
    expect(box.parcels.value).toEqual([]);
    expect(kept.map.size).toBe(0);
  });

  it("sends in order within a room and side by side between rooms", async () => {
    const s = server();
    const box = new Outbox(shelf(), "o.", s.send, () => {});
    box.add(1, { client_key: "a", text: "1" });
    box.add(1, { client_key: "b", text: "2" });
    box.add(2, { client_key: "c", text: "3" });
    expect(s.calls.map((c) => c.body.client_key)).toEqual(["a", "c"]);
    s.calls[0]?.ok();
    await settle();
    expect(s.calls.map((c) => c.body.client_key)).toEqual(["a", "c", "b"]);
  });

  it("survives a reload and sends the same key again", () => {
    const kept = shelf();
    const first = new Outbox(kept, "o.", server().send, () => {});
    first.add(1, { client_key: "a", text: "1", reply_to: 4, mentions: [9] });
    first.add(1, { client_key: "b", text: "2" });
    first.close();
    const s = server();
    const again = new Outbox(kept, "o.", s.send, () => {});
    expect(again.parcels.value.map((p) => [p.key, p.state])).toEqual([["a", "waiting"], ["b", "waiting"]]);
    again.hurry();
    expect(s.calls[0]?.body).toEqual({ client_key: "a", text: "1", reply_to: 4, mentions: [9] });
  });

  it("waits when the server cannot be reached and goes on when told to hurry", async () => {
    const s = server();
    const box = new Outbox(shelf(), "o.", s.send, () => {});
    box.add(1, { client_key: "a", text: "1" });
    s.calls[0]?.fail(new Problem(0, "offline", ""));
    await settle();
    expect(box.parcels.value[0]).toMatchObject({ state: "waiting", tries: 1 });
    box.hurry();
    expect(s.calls.length).toBe(2);
    box.close();
  });

  it("shows a refusal, lets the next message go, and sends again only on request", async () => {
    const s = server();
    const box = new Outbox(shelf(), "o.", s.send, () => {});
    box.add(1, { client_key: "a", text: "1" });
    box.add(1, { client_key: "b", text: "2" });
    s.calls[0]?.fail(new Problem(403, "muted", "You are muted."));
    await settle();
    expect(box.parcels.value[0]).toMatchObject({ state: "failed", why: "You are muted." });
    expect(s.calls[1]?.body.client_key).toBe("b");
    box.hurry();
    expect(s.calls.length).toBe(2);
    s.calls[1]?.ok();
    await settle();
    box.retry("a");
    expect(s.calls[2]?.body.client_key).toBe("a");
  });

  it("sends the words without the mark when somebody it names has left", async () => {
    const s = server();
    const box = new Outbox(shelf(), "o.", s.send, () => {});
    box.add(1, { client_key: "a", text: "hi @bob", mentions: [2] });
    s.calls[0]?.fail(new Problem(422, "unknown-value", "", "mentions"));
    await settle();
    expect(s.calls[1]?.body).toEqual({ client_key: "a", text: "hi @bob" });
  });

  it("makes keys that are UUIDs of version 4, each another", () => {
    const keys = new Set(Array.from({ length: 500 }, freshKey));
    expect(keys.size).toBe(500);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("forgets a message that the live line showed before the answer came", async () => {
    const s = server();
    const box = new Outbox(shelf(), "o.", s.send, () => {});
    box.add(1, { client_key: "a", text: "1" });
    box.arrived("a");
    s.calls[0]?.ok();
    await settle();
    expect(box.parcels.value).toEqual([]);
  });

  it("keeps one account's messages away from another's", () => {
    const kept = shelf();
    new Outbox(kept, "o.1.", server().send, () => {}).add(1, { client_key: "a", text: "1" });
    expect(new Outbox(kept, "o.2.", server().send, () => {}).parcels.value).toEqual([]);
  });

  it("refuses more than it may keep", () => {
    const box = new Outbox(shelf(), "o.", server().send, () => {});
    for (let i = 0; i < PARCELS_MOST; i++) expect(box.add(1, { client_key: String(i), text: "x" })).toBe(true);
    expect(box.add(1, { client_key: "over", text: "x" })).toBe(false);
  });

  it("refuses what the browser's storage does not take", () => {
    const full: Shelf = { ...shelf(), set: () => { throw new DOMException("full", "QuotaExceededError"); } };
    expect(new Outbox(full, "o.", server().send, () => {}).add(1, { client_key: "a", text: "1" })).toBe(false);
  });

  it("throws away what it cannot read", () => {
    const kept = shelf();
    kept.map.set("o.x", "{not json");
    expect(new Outbox(kept, "o.", server().send, () => {}).parcels.value).toEqual([]);
  });

  it("keeps the order of a burst within one millisecond", () => {
    const box = new Outbox(shelf(), "o.", server().send, () => {}, () => 1000);
    box.add(1, { client_key: "a", text: "1" });
    box.add(1, { client_key: "b", text: "2" });
    expect(box.parcels.value.map((p) => p.at)).toEqual([1000, 1001]);
  });

  it("sends one per room at a time, the oldest first", () => {
    const p = (key: string, room: number, at: number, state: Parcel["state"]): Parcel => ({ key, room, at, state, text: "", segments: [], mentions: [], tries: 0 });
    expect(due([p("b", 1, 2, "waiting"), p("a", 1, 1, "waiting"), p("c", 2, 3, "sending"), p("d", 2, 4, "waiting"), p("e", 3, 5, "failed")]).map((x) => x.key)).toEqual(["a"]);
    expect(wait(0)).toBe(1000);
    expect(wait(50)).toBe(30_000);
  });
});
