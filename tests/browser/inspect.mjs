// A critical look at a screen: a picture for people, axe, nothing wider than it may be, and targets that a finger hits.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";

/** Where the pictures of the screens are kept. */
export const SHOTS = process.env.CHATELAINE_SHOTS ?? mkdtempSync(join(tmpdir(), "chatelaine-shots-"));
mkdirSync(SHOTS, { recursive: true });
const TARGET_PX = 40;

/** The page itself and each part that scrolls downwards: none of them also sideways. */
const tooWide = () =>
  [document.documentElement, ...document.querySelectorAll(".page, .scroller, .side-body, .rooms, .dialog, .dialog-body, .front, .tray, .picker-rows")]
    .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
    .map((box) => `${box.className || box.tagName} by ${box.scrollWidth - box.clientWidth} px`);

/** What a finger is to hit and cannot: links within a sentence are as large as their words. */
const tooSmall = (least) =>
  [...document.querySelectorAll("button, select, input:not([type=checkbox]):not([type=file]), label.check, a[href], summary")]
    .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest(".hidden, .skip, .md, .front-other"))
    .map((e) => ({ e, box: e.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < least - 0.5)
    .map(({ e, box }) => `${e.outerHTML.slice(0, 100)} is ${Math.round(box.width)} x ${Math.round(box.height)}`);

export async function inspect(person, name) {
  const { page } = person;
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
  assert.deepEqual(await page.evaluate(tooWide), [], `${name}: what is wider than its place`);
  if (await page.evaluate(() => matchMedia("(pointer: coarse)").matches)) assert.deepEqual(await page.evaluate(tooSmall, TARGET_PX), [], `${name}: targets under ${TARGET_PX} px`);
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 200)} (${[...n.any, ...n.all, ...n.none].map((c) => c.message).join(", ")})`).join("; ")}`);
  assert.deepEqual(told, [], `${name}: what axe finds`);
}
