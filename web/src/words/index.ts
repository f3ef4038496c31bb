// Which language speaks. English is part of the first load; others come when asked for, and a missing text is a compile error there.
import { signal } from "@preact/signals";
import { en } from "./en";

export type Words = typeof en;
export type Language = "en" | "zh";
export const LANGUAGES: Record<Language, string> = { en: "English", zh: "中文" };

/** The texts in force. */
export const w = signal<Words>(en);
export const language = signal<Language>("en");

export const isLanguage = (text: unknown): text is Language => text === "en" || text === "zh";
export const preferred = (): Language => (navigator.languages.find((l) => /^(en|zh)\b/i.test(l))?.toLowerCase().startsWith("zh") ? "zh" : "en");

export async function speak(wanted: Language): Promise<void> {
  w.value = wanted === "zh" ? (await import("./zh")).zh : en;
  language.value = wanted;
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
}
