import { describe, expect, it } from "vitest";
import { composing, editsLast, mentionAt, type Press, sends } from "../src/parts/keys.ts";

const press = (over: Partial<Press>): Press => ({ key: "Enter", keyCode: 13, isComposing: false, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...over });

describe("what a key press in the composer means", () => {
  it("sends on Enter and not on Shift+Enter", () => {
    expect(sends(press({}), false)).toBe(true);
    expect(sends(press({ shiftKey: true }), false)).toBe(false);
    expect(sends(press({ key: "a" }), false)).toBe(false);
  });
  it("never sends while an input method composes", () => {
    expect(sends(press({ isComposing: true }), false)).toBe(false);
    expect(sends(press({ isComposing: true, ctrlKey: true }), false)).toBe(false);
    expect(composing(press({ isComposing: true }))).toBe(true);
  });
  it("never sends on the press that an input method has taken, also after its end (Safari)", () => {
    expect(sends(press({ keyCode: 229 }), false)).toBe(false);
  });
  it("makes a new line on a touch keyboard, but sends with Ctrl", () => {
    expect(sends(press({}), true)).toBe(false);
    expect(sends(press({ ctrlKey: true }), true)).toBe(true);
  });
  it("edits the last message on ArrowUp only in an empty composer", () => {
    expect(editsLast(press({ key: "ArrowUp" }), true)).toBe(true);
    expect(editsLast(press({ key: "ArrowUp" }), false)).toBe(false);
    expect(editsLast(press({ key: "ArrowUp", isComposing: true }), true)).toBe(false);
    expect(editsLast(press({ key: "ArrowUp", shiftKey: true }), true)).toBe(false);
  });
  it("finds the mention being typed", () => {
    expect(mentionAt("hi @an", 6)).toEqual({ from: 3, word: "an" });
    expect(mentionAt("@", 1)).toEqual({ from: 0, word: "" });
    expect(mentionAt("@李", 2)).toEqual({ from: 0, word: "李" });
    expect(mentionAt("mail a@b", 8)).toBeNull();
    expect(mentionAt("hi @an you", 10)).toBeNull();
  });
});
