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
export type Effect = "enforce" | "warn" | "off";

// The presets of docs/machines.md, to tell beforehand what a choice comes to; the server decides.
const OF_PRESET: Record<string, Record<Rule, Effect>> = {
  compatible: { fingerprint: "off", twin: "warn", banned_machine: "enforce", heartbeat: "warn", nonce: "off", drift: "off" },
  fair: { fingerprint: "warn", twin: "enforce", banned_machine: "enforce", heartbeat: "enforce", nonce: "warn", drift: "warn" },
  tournament: { fingerprint: "enforce", twin: "enforce", banned_machine: "enforce", heartbeat: "enforce", nonce: "enforce", drift: "enforce" },
};

/** What a rule comes to under a policy. */
export function effectOf(p: Pick<Policy, "preset" | "rules">, rule: Rule): string {
  const own = p.rules[rule] ?? "preset";
  return own === "preset" ? (OF_PRESET[p.preset]?.[rule] ?? "off") : own;
}

/** The rules that a change makes refuse what passed before. */
export const harder = (before: Pick<Policy, "preset" | "rules">, after: Pick<Policy, "preset" | "rules">): Rule[] => RULES.filter((r) => effectOf(after, r) === "enforce" && effectOf(before, r) !== "enforce");
