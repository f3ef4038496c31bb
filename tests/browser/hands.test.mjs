// What hands do: the whole way by keyboard alone, input methods, long rooms, phones, and a page that comes back.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, PASSWORD, Person } from "./people.mjs";
import { Server, until } from "./server.mjs";

describe("hands", () => {
  const server = new Server();
  let browser;
  let token;
  let bob;
  let group;

  before(async () => {
    await server.start();
    browser = await launch();
    const ann = await server.call("POST", "/setup", { token: await server.setupToken(), handle: "ann", display_name: "Ann Lee", password: PASSWORD });
    token = ann.token;
    bob = await server.call("POST", "/accounts", { handle: "bob", display_name: "Bob Marsh", password: PASSWORD });
    group = (await server.call("POST", "/rooms", { kind: "group", title: "Long room", join_rule: "open" }, token)).room.id;
    await server.call("POST", `/rooms/${group}/join`, {}, bob.token);
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });

  it("the whole way by keyboard alone", async () => {
    const person = await Person.come(browser, server.plain);
    const { page } = person;
    const keys = page.keyboard;
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
    /** Tab, as somebody would who looks for it. */
    const tabTo = async (name, most = 40) => {
      for (let i = 0; i < most; i++) {
        if ((await focused()).trim() === name) return;
        await keys.press("Tab");
      }
      assert.fail(`Tab does not lead to ${name}; the focus is on ${await focused()}`);
    };
    await person.go("/");
    await until("the first field to have the focus", () => page.evaluate(() => document.activeElement?.getAttribute("name") === "handle"));
    await keys.type("ann");
    await keys.press("Tab");
    await keys.type(PASSWORD);
    await keys.press("Enter");
    await page.locator(".room-line").waitFor();

    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
    await keys.press("Tab");
    assert.equal((await focused()).trim(), "Skip to content");
    await tabTo("New chat");
    await keys.press("Enter");
    await page.getByRole("dialog").waitFor();
    await tabTo("Search people by name or handle");
    await keys.type("bob");
    await person.button("Choose Bob Marsh").waitFor();
    await tabTo("Choose Bob Marsh");
    await keys.press("Enter");
    await page.locator(".talk-head").getByRole("heading", { name: "Bob Marsh" }).waitFor();
    await until("the composer to have the focus", async () => (await focused()) === "Write to Bob Marsh");
    await keys.type("Hello by keys");
    await keys.press("Enter");
    await person.row("Hello by keys").waitFor();
    await keys.press("ArrowUp");
    await until("the last message to be under edit", async () => (await person.composer.inputValue()) === "Hello by keys");
    await keys.press("End");
    await keys.type(" alone");
    await keys.press("Enter");
    await person.row("Hello by keys alone").waitFor();
    await keys.type("Second");
    await keys.press("Shift+Enter");
    await keys.type("line");
    await keys.press("Enter");
    await person.row("Second").waitFor();

    // Back to the messages, up to the first, and a reaction.
    await keys.press("Shift+Tab");
    await until("a message or its tools to have the focus", () => page.evaluate(() => document.activeElement?.closest("li.message") !== null || document.activeElement?.getAttribute("aria-label") === "Attach files"));
    for (let i = 0; i < 10 && !(await page.evaluate(() => document.activeElement?.matches("li.message"))); i++) await keys.press("Shift+Tab");
    await keys.press("Home");
    await until("the first message to have the focus", () => page.evaluate(() => document.activeElement?.textContent?.includes("Hello by keys alone")));
    await keys.press("Tab");
    await tabTo("React with ❤️", 8);
    await keys.press("Enter");
    await person.row("Hello by keys alone").locator(".reaction").waitFor();

    // The list is walked by arrows.
    await page.locator(".room-line[aria-current]").focus();
    await keys.press("ArrowDown");
    await keys.press("Enter");
    await page.locator(".talk-head").getByRole("heading", { name: "Long room" }).waitFor();
    // A side pane, a menu and back.
    await tabTo("Members", 60);
    await keys.press("Enter");
    await page.getByRole("complementary", { name: "Members" }).waitFor();
    await page.getByRole("button", { name: "Actions for Bob Marsh" }).focus();
    await keys.press("Enter");
    await page.getByRole("menu").waitFor();
    await keys.press("ArrowDown");
    await keys.press("Escape");
    await until("the focus to be back", async () => (await focused()) === "Actions for Bob Marsh");
    person.assertNoComplaints();
    await person.context.close();
  });

  it("Enter that ends a word of an input method does not send", async () => {
    const person = await Person.come(browser, server.plain);
    await person.signIn("bob");
    await person.openRoom("Long room");
    await person.composer.focus();
    const input = await person.context.newCDPSession(person.page);
    await input.send("Input.imeSetComposition", { text: "nihao", selectionStart: 5, selectionEnd: 5 });
    assert.equal(await person.composer.inputValue(), "nihao");
    const enter = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 };
    await input.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...enter });
    await input.send("Input.insertText", { text: "你好" });
    await input.send("Input.dispatchKeyEvent", { type: "keyUp", ...enter });
    assert.equal(await person.composer.inputValue(), "你好");
    assert.equal(await person.page.locator("li.message").count(), 0);
    await person.page.keyboard.press("Enter");
    await person.row("你好").waitFor();
    await person.context.close();
  });

  it("a long room is paged both ways without a jump and keeps few rows", async () => {
    for (let i = 1; i <= 420; i++) await server.call("POST", `/rooms/${group}/messages`, { text: `line ${i} ${"and more words ".repeat(i % 7)}` }, bob.token);
    const person = await Person.come(browser, server.plain);
    const { page } = person;
    await person.signIn("ann");
    await person.openRoom("Long room");
    await page.locator(".unread-line").waitFor();
    assert.match((await page.locator(".unread-line + li.message").textContent()) ?? "", /line 1 |你好/);
    await page.getByRole("button", { name: /To the newest message/ }).click();
    await person.row("line 420").waitFor();

    // Up, page by page: the row under the eye stays where it is while older ones come in above it.
    for (let round = 0; round < 12; round++) {
      const before = (await person.shown())[0].offset;
      if (before === 1) break;
      const moved = await page.evaluate(async () => {
        const box = document.querySelector(".scroller");
        box.scrollTop = 300;
        await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
        const edge = box.getBoundingClientRect().top;
        const row = [...box.querySelectorAll("[data-offset]")].find((r) => r.getBoundingClientRect().bottom > edge);
        const top = row.getBoundingClientRect().top;
        const first = box.querySelector("[data-offset]").dataset.offset;
        const end = performance.now() + 5000;
        while (box.querySelector("[data-offset]").dataset.offset === first && performance.now() < end) await new Promise((go) => requestAnimationFrame(go));
        await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
        return row.isConnected ? Math.abs(row.getBoundingClientRect().top - top) : 999;
      });
      if ((await person.shown())[0].offset !== before) assert.ok(moved <= 2, `the row under the eye moved by ${moved} px`);
    }
    await until("the first message", async () => {
      await page.locator(".scroller").evaluate((box) => box.scrollTo(0, 0));
      return (await person.shown())[0]?.offset === 1;
    });
    const count = await person.rows().count();
    assert.ok(count <= 300, `${count} rows on the page`);
    // And down again to the end.
    await until("the last message", async () => {
      await page.locator(".scroller").evaluate((box) => box.scrollTo(0, box.scrollHeight));
      return (await person.row("line 420").count()) === 1;
    });
    await page.locator(".room-line.unread").waitFor({ state: "detached" });
    person.assertNoComplaints();
    await person.context.close();
  });

  it("a draft waits in its room, also for a new page", async () => {
    const person = await Person.come(browser, server.plain);
    await person.signIn("ann");
    await person.openRoom("Long room");
    await person.composer.fill("not yet finished");
    await person.openRoom("Bob Marsh");
    await person.page.locator(".room-line", { hasText: "Draft: not yet finished" }).waitFor();
    assert.equal(await person.composer.inputValue(), "");
    await person.page.reload();
    await person.openRoom("Long room");
    assert.equal(await person.composer.inputValue(), "not yet finished");
    await person.composer.fill("");
    await person.context.close();
  });

  it("on a phone the list and the talk take turns", async () => {
    const person = await Person.come(browser, server.plain, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const { page } = person;
    await person.signIn("ann");
    assert.equal(await page.locator(".main-pane").isVisible(), false);
    await page.locator(".room-line", { hasText: "Long room" }).tap();
    await person.composer.waitFor();
    assert.equal(await page.locator(".list-pane").isVisible(), false);
    await person.composer.fill("From the phone");
    await person.button("Send").tap();
    await person.row("From the phone").waitFor();
    const small = await page.evaluate(() => [...document.querySelectorAll(".talk-head .icon-button, .composer .icon-button")].filter((b) => b.checkVisibility() && Math.min(b.getBoundingClientRect().width, b.getBoundingClientRect().height) < 44).length);
    assert.equal(small, 0, "targets under 44 px");
    await page.getByRole("link", { name: "Back" }).tap();
    await page.locator(".room-line").first().waitFor();
    assert.equal(await page.locator(".main-pane").isVisible(), false);
    person.assertNoComplaints();
    await person.context.close();
  });

  it("signing out elsewhere ends this page too", async () => {
    const person = await Person.come(browser, server.plain);
    await person.signIn("bob");
    await server.call("DELETE", "/logins", null, bob.token);
    await person.page.getByLabel("Handle or e-mail").waitFor();
    await person.context.close();
  });
});
