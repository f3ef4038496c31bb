// Reading: where a room opens, that nothing jumps while older and newer messages come in, and what others do to one meanwhile.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, PASSWORD, Person } from "./people.mjs";
import { Server, until } from "./server.mjs";

/** Holds the pages of messages back until they are let go, so that a look before and a look after are just that. */
class Gate {
  static async before(page) {
    const gate = new Gate();
    await page.route("**/messages?*", async (route) => {
      await gate.opened;
      await route.continue().catch(() => {});
    });
    return gate;
  }
  opened = Promise.resolve();
  close() {
    this.opened = new Promise((open) => (this.open = open));
  }
  open() {}
}

/** Scrolls near one end and tells by how much the row under the eye moved while the next page came in; null when there is none. */
async function movedBy(page, gate, end) {
  gate.close();
  const before = await page.evaluate(async (end) => {
    const box = document.querySelector(".scroller");
    box.scrollTop = end === "old" ? 300 : box.scrollHeight - box.clientHeight - 300;
    // Rows that were never seen take their true height in the frames after they come into view.
    for (let i = 0; i < 12; i++) await new Promise((go) => requestAnimationFrame(go));
    const rows = [...box.querySelectorAll("[data-offset]")];
    const edge = box.getBoundingClientRect().top;
    const row = rows.find((r) => r.getBoundingClientRect().bottom > edge + 20);
    return { offset: row.dataset.offset, top: row.getBoundingClientRect().top, last: Number((end === "old" ? rows[0] : rows[rows.length - 1]).dataset.offset) };
  }, end);
  const more = await page.locator(end === "old" ? ".messages > .edge:first-child" : ".messages > .edge:last-child").count();
  gate.open();
  if (more === 0) return null;
  return page.evaluate(
    async ([before, end]) => {
      const box = document.querySelector(".scroller");
      const frame = () => new Promise((go) => requestAnimationFrame(go));
      const last = () => {
        const rows = box.querySelectorAll("[data-offset]");
        return Number(rows[end === "old" ? 0 : rows.length - 1].dataset.offset);
      };
      const deadline = performance.now() + 10_000;
      while (last() === before.last && performance.now() < deadline) await frame();
      let most = 0;
      for (let i = 0; i < 12; i++) {
        const row = box.querySelector(`[data-offset="${before.offset}"]`);
        most = Math.max(most, row ? Math.abs(row.getBoundingClientRect().top - before.top) : 999);
        await frame();
      }
      return most;
    },
    [before, end],
  );
}

describe("reading", () => {
  const server = new Server();
  let browser;
  let ann;
  let bob;
  let long;
  let gate;
  const tokens = {};
  const ids = {};

  const as = (who, method, path, body) => server.call(method, path, body, tokens[who]);
  const open = async (title, ...members) => {
    const room = (await as("ann", "POST", "/rooms", { kind: "group", title, join_rule: "open" })).room.id;
    for (const who of members) await as(who, "POST", `/rooms/${room}/join`, {});
    return room;
  };
  const say = (who, room, text, more = {}) => as(who, "POST", `/rooms/${room}/messages`, { text, ...more });

  before(async () => {
    await server.start();
    browser = await launch();
    const first = await server.call("POST", "/setup", { token: await server.setupToken(), handle: "ann", display_name: "Ann Lee", password: PASSWORD });
    tokens.ann = first.token;
    ids.ann = first.account.id;
    const second = await server.call("POST", "/accounts", { handle: "bob", display_name: "Bob Marsh", password: PASSWORD });
    tokens.bob = second.token;
    ids.bob = second.account.id;
    long = await open("Long room", "bob");
    for (let i = 1; i <= 1000; i++) await say("ann", long, `line ${i} ${"and a few more words ".repeat(i % 9)}`);
    ann = await Person.come(browser, server.plain);
    bob = await Person.come(browser, server.plain);
    await ann.signIn("ann");
    await bob.signIn("bob");
    gate = await Gate.before(bob.page);
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });

  it("a room opens at the first unread message, and a thousand are read down to the end without a jump", async () => {
    await bob.openRoom("Long room");
    await bob.page.locator(".unread-line").waitFor();
    assert.match(await bob.page.locator(".unread-line + li.message").textContent(), /line 1 /);
    const place = await bob.page.evaluate(() => document.querySelector(".unread-line").getBoundingClientRect().top - document.querySelector(".scroller").getBoundingClientRect().top);
    assert.ok(place >= 0 && place < 200, `the line stands ${place} px below the upper edge`);
    let pages = 0;
    for (let round = 0; round < 40; round++) {
      const moved = await movedBy(bob.page, gate, "new");
      if (moved === null) break;
      pages++;
      assert.ok(moved <= 2, `page ${pages}: the row under the eye moved by ${moved} px`);
    }
    assert.ok(pages >= 15, `${pages} pages`);
    await bob.row("line 1000").waitFor();
    await bob.page.locator(".scroller").evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await bob.page.locator(".room-line.unread").waitFor({ state: "detached" });
  });

  it("and back up to the first", async () => {
    let pages = 0;
    for (let round = 0; round < 40; round++) {
      const moved = await movedBy(bob.page, gate, "old");
      if (moved === null) break;
      pages++;
      assert.ok(moved <= 2, `page ${pages}: the row under the eye moved by ${moved} px`);
    }
    assert.ok(pages >= 12, `${pages} pages`);
    assert.equal((await bob.shown())[0].offset, 1);
    const rows = await bob.rows().count();
    assert.ok(rows <= 300, `${rows} rows on the page`);
    // What comes in at the end meanwhile moves nothing and is counted.
    const top = await bob.page.locator(".scroller").evaluate((box) => box.scrollTop);
    await say("ann", long, "far below");
    await bob.page.getByRole("button", { name: "To the newest message, 1 unread" }).waitFor();
    assert.equal(await bob.page.locator(".scroller").evaluate((box) => box.scrollTop), top);
    await bob.page.getByRole("button", { name: "To the newest message, 1 unread" }).click();
    await bob.row("far below").waitFor();
  });

  it("a long room stays quick under the hand", async () => {
    const { page } = bob;
    for (let round = 0; round < 6; round++) await movedBy(page, gate, "old");
    const rows = await bob.rows().count();
    assert.ok(rows >= 250, `${rows} rows to draw`);
    const skipped = await page.evaluate(() => [...document.querySelectorAll("li.message")].every((row) => getComputedStyle(row).contentVisibility === "auto"));
    assert.ok(skipped, "rows out of sight are not laid out");
    const took = await page.evaluate(async () => {
      const area = document.querySelector(".composer textarea");
      const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
      const times = [];
      for (let i = 1; i <= 30; i++) {
        const start = performance.now();
        set.call(area, "x".repeat(i));
        area.dispatchEvent(new InputEvent("input", { bubbles: true }));
        await Promise.resolve();
        area.getBoundingClientRect();
        times.push(performance.now() - start);
        await new Promise((go) => requestAnimationFrame(go));
      }
      return times.sort((a, b) => a - b)[15];
    });
    assert.ok(took < 40, `a key takes ${took} ms`);
    await bob.composer.fill("");
    const start = performance.now();
    await page.goto(`${server.plain}/#/`);
    await bob.openRoom("Long room");
    await bob.rows().first().waitFor();
    const ms = performance.now() - start;
    assert.ok(ms < 3000, `the room opens in ${ms} ms`);
  });

  it("new messages are read out politely, once, by who and what", async () => {
    await open("Talk", "bob");
    await ann.openRoom("Talk");
    await bob.openRoom("Talk");
    await ann.page.bringToFront();
    const region = ann.page.locator("[aria-live=polite]");
    await bob.say("Is **this** read out?");
    await until("the words to be read out", async () => (await region.textContent()).trim() === "Bob Marsh: Is this read out?");
    assert.equal(await ann.page.locator("[aria-live=assertive]").count(), 0);
  });

  it("earlier versions of a message can be looked at, and the focus comes back", async () => {
    await bob.say("First words");
    await bob.row("First words").waitFor();
    await bob.composer.press("ArrowUp");
    await until("the last message to be under edit", async () => (await bob.composer.inputValue()) === "First words");
    await bob.say("Second words");
    await ann.row("Second words").getByRole("button", { name: "edited" }).click();
    const dialog = ann.page.getByRole("dialog", { name: "Earlier versions" });
    await dialog.getByText("First words").waitFor();
    await ann.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await ann.page.evaluate(() => document.activeElement.textContent), "edited");
  });

  it("by keyboard alone: react, take it back, reply, and recall with the focus where it was", async () => {
    const { page } = ann;
    const keys = page.keyboard;
    const row = ann.row("Is this read out?");
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
    const tabTo = async (name) => {
      for (let i = 0; i < 12 && (await focused()) !== name; i++) await keys.press("Tab");
      assert.equal(await focused(), name);
    };
    await row.focus();
    await tabTo("React");
    await keys.press("Enter");
    await page.locator(".emoji-grid").waitFor();
    await keys.press("ArrowRight");
    await keys.press("ArrowDown");
    await keys.press("Enter");
    await row.locator(".reaction").waitFor();
    await bob.row("Is this read out?").locator(".reaction", { hasText: "1" }).waitFor();
    await until("the focus to come back to the tool", async () => (await focused()) === "React");
    await row.focus();
    await keys.press("Tab");
    assert.match(await focused(), /1: Ann Lee/);
    await keys.press("Space");
    await row.locator(".reaction").waitFor({ state: "detached" });
    await row.focus();
    await tabTo("Reply");
    await keys.press("Enter");
    await until("the composer to have the focus", () => page.evaluate(() => document.activeElement.matches(".composer textarea")));
    await keys.type("It was");
    await keys.press("Enter");
    await bob.row("It was").locator(".quote", { hasText: "Is this read out?" }).waitFor();
    const mine = ann.row("It was").last();
    await mine.focus();
    await tabTo("More");
    await keys.press("Enter");
    await page.getByRole("menu").waitFor();
    await keys.press("End");
    await keys.press("Enter");
    await page.getByRole("dialog", { name: "Recall this message?" }).waitFor();
    for (let i = 0; i < 8; i++) {
      await keys.press("Tab");
      assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null), "the focus stays in the question");
    }
    await keys.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await until("the focus to be back at the message", () => page.evaluate(() => document.activeElement.closest("li.message")?.textContent.includes("It was")));
  });

  it("who is muted sees it at once, until when, and may write again when it is over", async () => {
    const talk = (await as("ann", "GET", "/rooms")).items.find((s) => s.room.title === "Talk").room.id;
    await as("ann", "PUT", `/rooms/${talk}/mutes/${ids.bob}`, { for_s: 4, reason: "a breather" });
    await bob.page.locator(".composer-quiet", { hasText: "You are muted here until" }).waitFor();
    assert.equal(await bob.composer.count(), 0);
    await bob.composer.waitFor();
    await bob.say("Back again");
    await ann.row("Back again").waitFor();
    // Everybody at once, and lifted.
    await as("ann", "PUT", `/rooms/${talk}/mutes/all`, {});
    await bob.page.locator(".composer-quiet", { hasText: "You are muted here." }).waitFor();
    await as("ann", "DELETE", `/rooms/${talk}/mutes/all`);
    await bob.composer.waitFor();
  });

  it("who is banned is told so, and until when, and finds the room again when it is over", async () => {
    const talk = (await as("ann", "GET", "/rooms")).items.find((s) => s.room.title === "Talk").room.id;
    await as("ann", "PUT", `/rooms/${talk}/bans/${ids.bob}`, { for_s: 3600, reason: "noise" });
    await bob.page.getByText(/You were banned from “Talk” until /).waitFor();
    assert.equal(await bob.page.locator(".room-line", { hasText: "Talk" }).count(), 0);
    await as("ann", "DELETE", `/rooms/${talk}/bans/${ids.bob}`);
    await as("bob", "POST", `/rooms/${talk}/join`, {});
    await bob.page.locator(".room-line", { hasText: "Talk" }).waitFor();
  });

  it("no rule of the pages was broken", () => {
    ann.assertNoComplaints();
    bob.assertNoComplaints();
  });
});
