// What people really write: long names, words without an end, markup, signs that run the other way, and messages nobody here can read.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect } from "./inspect.mjs";
import { launch, PASSWORD, Person } from "./people.mjs";
import { Server, until } from "./server.mjs";

const LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitaenskajuetentuerklinke".slice(0, 60);
const MARKUP = '<img src=x onerror="window.struck=1"><b>bold</b>';
const ARABIC = "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643\u0645 \u0641\u064a \u0627\u0644\u062d\u062f\u064a\u0642\u0629";
const CIPHER = "qL8v0mZ2ciphertextKx71";
const SIZES = { desktop: { width: 1280, height: 800 }, tablet: { width: 768, height: 1024 }, phone: { width: 360, height: 740 } };

describe("under strain", () => {
  const server = new Server();
  let browser;
  let odd;
  let vault;
  const tokens = {};
  const ids = {};
  const as = (who, method, path, body) => server.call(method, path, body, tokens[who]);

  before(async () => {
    await server.start();
    browser = await launch();
    const first = await server.call("POST", "/setup", { token: await server.setupToken(), handle: "ann", display_name: LONG_WORD, password: PASSWORD });
    tokens.ann = first.token;
    ids.ann = first.account.id;
    for (const [handle, name] of [["x".repeat(50), MARKUP], ["rashid", ARABIC.slice(0, 30)], ["star", "\u{1F469}\u200D\u{1F680}\u{1F469}\u200D\u{1F680} Star"]]) {
      const signed = await server.call("POST", "/accounts", { handle, display_name: name, password: PASSWORD });
      tokens[handle] = signed.token;
      ids[handle] = signed.account.id;
      await as("ann", "POST", "/friends/requests", { account: signed.account.id });
      await as(handle, "POST", `/friends/requests/${ids.ann}/accept`);
    }
    const x = "x".repeat(50);
    const options = { members_may_send: true, members_may_list: true, members_may_invite: true, listed: true };
    odd = (await as("ann", "POST", "/rooms", { kind: "group", title: "W".repeat(200), description: LONG_WORD.repeat(9), join_rule: "open", options })).room.id;
    for (const title of [ARABIC, MARKUP, "\u{1F331}".repeat(40)]) await as("ann", "POST", "/rooms", { kind: "group", title, join_rule: "open", options });
    for (const who of [x, "rashid", "star"]) await as(who, "POST", `/rooms/${odd}/join`, {});
    const say = (who, text, more = {}) => as(who, "POST", `/rooms/${odd}/messages`, { text, ...more });
    await say(x, MARKUP);
    await say("rashid", `${ARABIC} ${ARABIC}\n\n- ${ARABIC}\n- ${ARABIC}\n\n> ${ARABIC}`);
    await say("ann", LONG_WORD.repeat(40));
    await say(x, `https://example.org/${"path/".repeat(60)}?q=${"y".repeat(300)}`);
    await say("star", `\`\`\`\n${"code ".repeat(100)}\n\`\`\``);
    await say("star", `| ${"head | ".repeat(30)}\n|${"---|".repeat(30)}\n| ${"cell | ".repeat(30)}`);
    const quoted = await say("star", "\u{1F469}\u200D\u{1F680}");
    await say(x, "short", { reply_to: quoted.offset });
    for (const emoji of ["\u{1F44D}", "\u{1F389}", "\u{1F622}", "\u2764\uFE0F", "\u{1F602}", "\u{1F62E}", "\u{1F680}", "\u{1F431}"]) await as("ann", "PUT", `/rooms/${odd}/messages/${quoted.offset}/reactions/${encodeURIComponent(emoji)}`);
    const name = `${"n".repeat(120)}.txt`;
    const file = await (await fetch(`${server.plain}/api/v1/files?name=${name}&room=${odd}`, { method: "POST", headers: { Authorization: `Bearer ${tokens.star}`, "Content-Type": "text/plain" }, body: "x" })).json();
    await say("star", "", { segments: [{ kind: "file", file: file.id }] });
    vault = (await as("ann", "POST", "/rooms", { kind: "group", title: "Vault", join_rule: "open", encrypted: true })).room.id;
    await as("star", "POST", `/rooms/${vault}/join`, {});
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });

  for (const [size, viewport] of Object.entries(SIZES))
    it(`the screens hold on a ${size}`, async () => {
      const person = await Person.come(browser, server.plain, { viewport, hasTouch: size !== "desktop", isMobile: size === "phone", locale: size === "tablet" ? "zh-CN" : "en-GB" });
      const { page } = person;
      await page.goto(server.plain);
      await page.locator("input[name=handle]").fill("ann");
      await page.locator("input[name=password]").fill(PASSWORD);
      await page.locator("button[type=submit]").click();
      await page.locator(".shell").waitFor();
      const places = { home: "/", odd: `/rooms/${odd}`, members: `/rooms/${odd}/members`, settings: `/rooms/${odd}/settings`, friends: "/friends", person: `/people/${ids["x".repeat(50)]}`, find: "/find", me: "/me", admin: "/admin" };
      for (const [name, place] of Object.entries(places)) {
        await person.go(place);
        await page.waitForLoadState("networkidle");
        await page.locator(".waiting").first().waitFor({ state: "detached" });
        if (name === "odd") await page.locator("li.message .tile").waitFor();
        await inspect(person, `strain-${name}-${size}`);
        if (name === "odd") {
          assert.ok((await person.page.locator(".composer textarea").boundingBox()).height < 60, "an empty composer has one line");
          const narrowest = await page.locator(".md-table td").evaluateAll((cells) => Math.min(...cells.map((c) => c.getBoundingClientRect().width)));
          assert.ok(narrowest > 40, `a cell is ${narrowest} px wide: its words stand letter by letter`);
        }
      }
      if (size !== "tablet") {
        await person.go(`/rooms/${odd}`);
        await page.locator(".scroller").evaluate((box) => box.scrollTo(0, 0));
        await inspect(person, `strain-top-${size}`);
      }
      assert.equal(await page.evaluate(() => window.struck), undefined, "markup is never run");
      person.assertNoComplaints();
      await person.context.close();
    });

  it("markup is text wherever a name or a title stands", async () => {
    const person = await Person.come(browser, server.plain);
    await person.signIn("ann");
    await person.go(`/rooms/${odd}`);
    await person.page.locator(".message-name", { hasText: MARKUP }).first().waitFor();
    await person.page.locator(".room-line-title", { hasText: MARKUP }).first().waitFor();
    assert.equal(await person.page.locator("img[src=x]").count(), 0);
    await person.context.close();
  });

  it("what runs from right to left stands on the right and leaves its neighbours alone", async () => {
    const person = await Person.come(browser, server.plain);
    await person.signIn("ann");
    await person.go(`/rooms/${odd}`);
    const sides = await person.row(ARABIC).first().evaluate((row) => [...row.querySelectorAll(".md p, .md ul, .md blockquote")].map((part) => getComputedStyle(part).direction));
    assert.deepEqual([...new Set(sides)], ["rtl"]);
    assert.equal(await person.row("short").first().locator(".md p").evaluate((part) => getComputedStyle(part).direction), "ltr");
    await person.context.close();
  });

  it("an encrypted message is a lock and words, never its ciphertext: not in the room, the list, a quote or what is read out", async () => {
    const person = await Person.come(browser, server.plain);
    const { page } = person;
    await person.signIn("ann");
    await person.openRoom("Vault");
    await page.locator(".talk-head .tag", { hasText: "Encrypted" }).waitFor();
    const sent = await as("star", "POST", `/rooms/${vault}/messages`, { text: CIPHER, encrypted: true });
    const row = page.locator("li.message .cipher", { hasText: "Encrypted message, this client cannot read it" });
    await row.waitFor();
    assert.equal(await row.locator("svg").count(), 1);
    await as("star", "POST", `/rooms/${vault}/messages`, { text: "in the open", reply_to: sent.offset });
    await person.row("in the open").locator(".quote", { hasText: "Encrypted message" }).waitFor();
    await as("star", "POST", `/rooms/${vault}/messages`, { text: CIPHER, encrypted: true });
    await page.locator(".room-line", { hasText: "Vault" }).getByText("Encrypted message, this client cannot read it").waitFor();
    await until("it to be read out", async () => (await page.locator("[aria-live=polite]").textContent()).includes("Encrypted message"));
    await page.locator("li.message", { has: page.locator(".cipher") }).first().hover();
    await page.getByRole("button", { name: "More" }).first().click();
    assert.equal(await page.getByRole("menuitem", { name: "Copy text" }).count(), 0);
    assert.ok(!(await page.content()).includes(CIPHER), "the ciphertext stands nowhere on the page");
    await person.context.close();
  });

  it("who asked for less motion gets none", async () => {
    const person = await Person.come(browser, server.plain, { reducedMotion: "reduce" });
    await person.signIn("ann");
    await person.openRoom("Vault");
    const moving = await person.page.evaluate(() => document.getAnimations().filter((a) => Number(a.effect.getComputedTiming().duration) > 1).length);
    assert.equal(moving, 0);
    await person.page.evaluate(() => document.body.append(Object.assign(document.createElement("span"), { className: "spinner" })));
    assert.ok(await person.page.locator("body > .spinner").evaluate((e) => Number.parseFloat(getComputedStyle(e).animationDuration) < 0.001));
    await person.context.close();
  });

  it("on a phone the list of chats tells that the connection is lost", async () => {
    const person = await Person.come(browser, server.plain, { viewport: SIZES.phone, hasTouch: true, isMobile: true });
    await person.signIn("ann");
    await person.page.locator(".room-line").first().waitFor();
    await server.kill();
    await person.page.locator(".banner", { hasText: "Connection lost" }).waitFor();
    await server.start();
    await person.page.locator(".banner").waitFor({ state: "detached", timeout: 40_000 });
    await person.context.close();
  });
});
