// Theme and language: kept in this browser, and with the account so that a new browser starts as the old one looked.
import { signal } from "@preact/signals";
import * as api from "../api";
import { isLanguage, type Language, language, preferred, speak } from "../words";
import { keep, kept } from "./kept";

export type Theme = "system" | "light" | "dark";
const isTheme = (text: unknown): text is Theme => text === "system" || text === "light" || text === "dark";

export const theme = signal<Theme>("system");
export const desktopNotes = signal(kept("ch.notes") === "on");

function show(to: Theme): void {
  theme.value = to;
  if (to === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = to;
}

export async function startPrefs(): Promise<void> {
  const wanted = kept("ch.theme");
  show(isTheme(wanted) ? wanted : "system");
  const tongue = kept("ch.language");
  await speak(isLanguage(tongue) ? tongue : preferred()).catch(() => {});
}

/** Takes over what the account remembers, where this browser has no choice of its own. */
export async function adoptPrefs(): Promise<void> {
  const far = await api.keptSettings().catch(() => null);
  if (!far) return;
  if (kept("ch.theme") === null && isTheme(far.theme)) show(far.theme);
  if (kept("ch.language") === null && isLanguage(far.language)) await speak(far.language).catch(() => {});
}

function share(): void {
  api.keepSettings({ theme: theme.value, language: language.value }).catch(() => {});
}

export function chooseTheme(to: Theme, signedIn: boolean): void {
  show(to);
  keep("ch.theme", to);
  if (signedIn) share();
}

export async function chooseLanguage(to: Language, signedIn: boolean): Promise<void> {
  await speak(to);
  keep("ch.language", to);
  if (signedIn) share();
}

/** Asks for permission only from a click; answers whether notes will be shown. */
export async function chooseNotes(on: boolean): Promise<boolean> {
  const granted = on && "Notification" in window && (await Notification.requestPermission()) === "granted";
  desktopNotes.value = granted;
  keep("ch.notes", granted ? "on" : null);
  return granted;
}
