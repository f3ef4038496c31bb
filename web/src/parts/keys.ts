// What a key press in the composer means. An input method owns the keyboard while it composes: its Enter picks a word.

export interface Press {
  key: string;
  keyCode: number;
  isComposing: boolean;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** The key code that browsers give to presses an input method has taken; Safari sends it after the end of composing. */
export const TAKEN_BY_INPUT_METHOD = 229;

export const composing = (p: Press): boolean => p.isComposing || p.keyCode === TAKEN_BY_INPUT_METHOD;

/** Whether the press sends. On a touch keyboard Enter is a new line, because there is no other key for it. */
export function sends(p: Press, touch: boolean): boolean {
  if (p.key !== "Enter" || composing(p)) return false;
  if (p.ctrlKey || p.metaKey) return true;
  return !p.shiftKey && !p.altKey && !touch;
}

/** Whether the press asks to edit one's last message: ArrowUp in an empty composer. */
export function editsLast(p: Press, empty: boolean): boolean {
  return p.key === "ArrowUp" && empty && !composing(p) && !p.shiftKey && !p.ctrlKey && !p.metaKey && !p.altKey;
}

/** The word being typed after an `@` that ends at the caret, or null. */
export function mentionAt(text: string, caret: number): { from: number; word: string } | null {
  const match = /(^|[\s([{])@([\p{L}\p{N}._-]{0,50})$/u.exec(text.slice(0, caret));
  if (!match) return null;
  const word = match[2] ?? "";
  return { from: caret - word.length - 1, word };
}
