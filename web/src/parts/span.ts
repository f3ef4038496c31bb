// Lengths of time in words: "29 days", "3 hours", "5 minutes ago". Rounded so that nobody comes too early: up.
import { language } from "../words";

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;
/** From so many of a unit on, it is the unit to speak in: 36 hours say more than 2 days. */
const FROM = 2;

const tongue = (): string => (language.value === "zh" ? "zh-CN" : "en");

function unitFor(ms: number): (typeof UNITS)[number] {
  return UNITS.find(([, size]) => ms >= size * FROM) ?? ["second", 1000];
}

/** How long, in one unit, rounded up. */
export function span(ms: number): string {
  const [unit, size] = unitFor(Math.max(0, ms));
  return new Intl.NumberFormat(tongue(), { style: "unit", unit, unitDisplay: "long" }).format(Math.ceil(Math.max(0, ms) / size));
}

/** How long ago, or how far ahead: "5 minutes ago", "in 2 hours". */
export function ago(at: string | number, now = Date.now()): string {
  const ms = new Date(at).getTime() - now;
  const [unit, size] = unitFor(Math.abs(ms));
  return new Intl.RelativeTimeFormat(tongue(), { numeric: "auto" }).format(unit === "second" ? 0 : Math.trunc(ms / size), unit === "second" ? "second" : unit);
}
