// The texts about machines in the language in force. Both languages come with the screens, so that none of them flashes in another.
import { computed } from "@preact/signals";
import { language } from "../index";
import { en } from "./en";
import { zh } from "./zh";

export type MachineWords = typeof en;
export const m = computed<MachineWords>(() => (language.value === "zh" ? zh : en));
