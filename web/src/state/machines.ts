// What can be said about a machine, a mark or a rule from its figures alone: the waiting times in words, and what holds now.
import type { CheatMark, Machine, Policy } from "../api-machines";
import { span } from "../parts/span";
import { date } from "../parts/time";
import { m } from "../words/machines";

/** Whether its owner may release it now, and if not when; null where it cannot be released at all. */
export function waitWords(of: Pick<Machine, "release" | "state">, now: number): { free: boolean; text: string } | null {
  const t = m.value;
  if (!of.release || of.state === "released" || of.state === "banned") return null;
  const { free_at, left } = of.release;
  const wait = free_at === null ? 0 : Date.parse(free_at) - now;
  const first = wait > 0 && free_at !== null ? t.freeIn(span(wait), date(free_at)) : t.freeNow;
  return { free: wait <= 0, text: left === null ? first : `${first} · ${t.left(left)}` };
}

export function certificateWords(of: Pick<Machine, "certificate">, now: number): string {
  const t = m.value;
  if (!of.certificate) return t.certificateNone;
  const end = of.certificate.expires_at;
  return Date.parse(end) > now ? t.certificateUntil(date(end)) : t.certificateEnded(date(end));
}

/** A masked code as people read it: its two ends. */
export const shortCode = (code: string): string => code.replace(/\*+/, "…");

/** Whether a mark is in force: neither lifted nor over. */
export const holds = (mark: Pick<CheatMark, "lift" | "until">, now: number): boolean => mark.lift === null && (mark.until === "forever" || Date.parse(mark.until) > now);

export const RULES = ["fingerprint", "twin", "banned_machine", "heartbeat", "nonce", "drift"] as const;
export type Rule = (typeof RULES)[number];

/** What is asked for: a preset, and what was set for single rules. */
export type Wish = Pick<Policy, "preset" | "rules">;

/** What a rule comes to under a wish, by what the server says of its presets. */
export function effectOf(wish: Wish, rule: Rule, presets: Policy["presets"]): string {
  const own = wish.rules[rule] ?? "preset";
  return own === "preset" ? (presets.find((p) => p.preset === wish.preset)?.rules[rule] ?? "off") : own;
}

/** The rules that a change makes refuse what passed before. */
export const harder = (before: Wish, after: Wish, presets: Policy["presets"]): Rule[] => RULES.filter((r) => effectOf(after, r, presets) === "enforce" && effectOf(before, r, presets) !== "enforce");
