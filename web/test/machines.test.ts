import decodeQR from "qr/decode.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as base from "../src/api.ts";
import * as api from "../src/api-machines.ts";
import { Qr } from "../src/parts/Qr.tsx";
import { ago, span } from "../src/parts/span.ts";
import { date } from "../src/parts/time.ts";
import { certificateWords, effectOf, harder, holds, RULES, waitWords } from "../src/state/machines.ts";
import { reason } from "../src/state/notices.ts";
import { language, speak } from "../src/words/index.ts";
import { m } from "../src/words/machines/index.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const DAY = 86_400_000;
const at = (ms: number) => new Date(NOW + ms).toISOString();

beforeEach(() => {
  vi.stubGlobal("navigator", { language: "en-GB", languages: ["en-GB"] });
  vi.stubGlobal("document", { documentElement: { lang: "" } });
});
afterEach(async () => {
  await speak("en");
  vi.unstubAllGlobals();
});

describe("waiting times in words", () => {
  it("round up, so that nobody comes too early", () => {
    expect(span(29.01 * DAY)).toBe("30 days");
    expect(span(36 * 3_600_000)).toBe("36 hours");
    expect(span(61_000)).toBe("61 seconds");
    expect(span(0)).toBe("0 seconds");
    expect(span(-5)).toBe("0 seconds");
  });

  it("say how long ago and how far ahead", () => {
    expect(ago(at(-5 * 60_000), NOW)).toBe("5 minutes ago");
    expect(ago(at(3 * 3_600_000), NOW)).toBe("in 3 hours");
    expect(ago(at(-3000), NOW)).toBe("now");
  });

  it("tell when a release is free and how many are left", () => {
    const machine = (release: api.Machine["release"], state: api.MachineState = "active") => waitWords({ release, state }, NOW);
    expect(machine({ free_at: at(10 * DAY), left: 2 })).toEqual({ free: false, text: `Free in 10 days, from ${date(at(10 * DAY))} · 2 releases left within a year` });
    expect(machine({ free_at: at(-1), left: 1 })).toEqual({ free: true, text: "Free now · 1 release left within a year" });
    expect(machine({ free_at: null, left: null })).toEqual({ free: true, text: "Free now" });
    expect(machine({ free_at: null, left: null }, "banned")).toBeNull();
    expect(machine(null)).toBeNull();
  });

  it("make days of the seconds that a refusal names", () => {
    expect(reason(new base.Problem(429, "too-fast", "", null, 30_000))).toBe("Too fast. Try again in 30 seconds.");
    expect(reason(new base.Problem(429, "too-fast", "", null, 9.2 * DAY))).toBe("Too early. Try again in 10 days.");
  });

  it("speak Chinese where the page does", async () => {
    await speak("zh");
    expect(language.value).toBe("zh");
    expect(waitWords({ release: { free_at: at(10 * DAY), left: null }, state: "active" }, NOW)?.text).toMatch(/^10天后可以/);
    expect(m.value.states.banned).toBe("已封禁");
  });
});

describe("what holds", () => {
  it("a certificate until its end", () => {
    const of = (end: number) => certificateWords({ certificate: { serial: 1, issued_at: at(-DAY), expires_at: at(end) } }, NOW);
    expect(of(DAY)).toMatch(/^certificate until/);
    expect(of(-1)).toMatch(/^certificate ended/);
    expect(certificateWords({ certificate: null }, NOW)).toBe("no certificate");
  });

  it("a mark until it ends or is lifted", () => {
    expect(holds({ lift: null, until: "forever" }, NOW)).toBe(true);
    expect(holds({ lift: null, until: at(-1) }, NOW)).toBe(false);
    expect(holds({ lift: { at: at(-1), reason: "" }, until: "forever" }, NOW)).toBe(false);
  });

  it("a rule's own effect before the preset's, and a change says what it will refuse", () => {
    const all = (effect: string) => Object.fromEntries(RULES.map((rule) => [rule, effect]));
    const presets = [
      { preset: "easy", rules: all("off") },
      { preset: "mixed", rules: { ...all("warn"), twin: "enforce", heartbeat: "enforce" } },
      { preset: "hard", rules: all("enforce") },
    ];
    const mixed = { preset: "mixed", rules: { heartbeat: "off" } };
    expect(effectOf(mixed, "heartbeat", presets)).toBe("off");
    expect(effectOf(mixed, "twin", presets)).toBe("enforce");
    expect(effectOf({ preset: "easy", rules: { twin: "preset" } }, "twin", presets)).toBe("off");
    expect(harder(mixed, { preset: "hard", rules: {} }, presets)).toEqual(["fingerprint", "banned_machine", "heartbeat", "nonce", "drift"]);
    expect(harder(mixed, { preset: "easy", rules: {} }, presets)).toEqual([]);
    expect(effectOf({ preset: "not among them", rules: {} }, "twin", presets)).toBe("off");
  });

  it("every rule and state has its words in both languages", async () => {
    for (const tongue of ["en", "zh"] as const) {
      await speak(tongue);
      const t = m.value;
      for (const rule of RULES) expect(t.rules[rule], rule).toBeTruthy();
      for (const state of ["active", "inactive", "released", "banned"]) expect(t.states[state] && t.stateTexts[state], state).toBeTruthy();
      for (const kind of ["twin", "banned_machine", "overage", "drift_refused", "dead"]) expect(t.alertKinds[kind], kind).toBeTruthy();
    }
  });
});

describe("calls about machines", () => {
  const asked: { url: string; method: string; body: unknown; headers: Record<string, string> }[] = [];
  const answer = (status: number, body: unknown) =>
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      asked.push({ url, method: init.method ?? "", body: init.body ? JSON.parse(String(init.body)) : undefined, headers: init.headers as Record<string, string> });
      return new Response(body === undefined ? "" : JSON.stringify(body), { status });
    });
  beforeEach(() => {
    asked.length = 0;
  });

  it("ask where and how the contract says, and mark what changes something", async () => {
    answer(200, { items: [], next: null });
    await api.machines("bound", null);
    await api.findMachines("0123 ä", "banned", "x");
    await api.ban(7, "cheats", null);
    await api.ban(7, "cheats", 3600);
    await api.unban(7);
    expect(asked.map((a) => `${a.method} ${a.url}`)).toEqual([
      "GET /api/v1/machines?state=bound&limit=200",
      "GET /api/v1/admin/machines?search=0123%20%C3%A4&state=banned&after=x&limit=50",
      "POST /api/v1/admin/machines/7/ban",
      "POST /api/v1/admin/machines/7/ban",
      "DELETE /api/v1/admin/machines/7/ban",
    ]);
    expect(asked.map((a) => a.body)).toEqual([undefined, undefined, { reason: "cheats" }, { reason: "cheats", for_s: 3600 }, undefined]);
    expect(asked.map((a) => a.headers["X-Chatelaine"])).toEqual([undefined, undefined, "1", "1", "1"]);
    expect(api.exportUrl("csv", "whole")).toBe("/api/v1/admin/machines/export?format=csv&codes=whole");
  });

  it("a refusal keeps its words and its waiting time", async () => {
    answer(429, { code: "too-fast", title: "Too fast", detail: "Wait", retry_after_ms: 5 * DAY });
    const problem = await api.release(3).catch((error: unknown) => error);
    expect(problem).toMatchObject({ status: 429, code: "too-fast", retryAfterMs: 5 * DAY });
    expect(reason(problem)).toBe("Too early. Try again in 5 days.");
    answer(403, { code: "machine-policy", title: "No", detail: "This server asks for a fingerprint." });
    expect(reason(await api.release(3).catch((error: unknown) => error))).toBe("This server asks for a fingerprint.");
  });
});

describe("QR codes", () => {
  /** The picture as a camera would see it: the path painted, so many pixels to a point. */
  const photograph = (picture: unknown, scale = 4) => {
    const svg = picture as { props: { viewBox: string; children: { props: { d?: string } }[] } };
    const size = Number(svg.props.viewBox.split(" ")[2]);
    const width = size * scale;
    const data = new Uint8ClampedArray(width * width * 4).fill(255);
    for (const [, x, y, run] of (svg.props.children[1]?.props.d ?? "").matchAll(/M(\d+) (\d+)h(\d+)/g))
      for (let py = Number(y) * scale; py < (Number(y) + 1) * scale; py++) for (let px = Number(x) * scale; px < (Number(x) + Number(run)) * scale; px++) data.fill(0, (py * width + px) * 4, (py * width + px) * 4 + 3);
    return { width, height: width, data };
  };

  it("a camera reads what was shown, also a whole certificate", () => {
    for (const text of ["cr1.abc", `chatelaine certificate 1\n${"component cpu 0123456789abcdef0123456789abcdef 8\n".repeat(20)}`]) expect(decodeQR(photograph(Qr({ text, label: "x" })), { timeLimit: 5000 })).toBe(text);
  });

  it("what is too long for one is told apart", () => expect(Qr({ text: "x".repeat(4000), label: "x" })).toBeNull());
});
