// One person at an OurChat client, one at the page: what is encrypted is shown as such and never as text, wherever a message shows; what
// is taken back and who may not write or stay is seen at once.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { inspect, SHOTS } from "./inspect.mjs";
import { Ourchat } from "./ourchat.mjs";
import { launch, PASSWORD, Person } from "./people.mjs";
import { picture } from "./picture.mjs";
import { Server, until } from "./server.mjs";

const LOCKED = "Encrypted message, this client cannot read it";
// Unlike anything that the page says itself.
const CIPHER = ["Zk1QRW9fa2tw", "cXV1eHh5enp5", "d2lsbG93d2lsbG93"];

describe("a session with somebody at an OurChat client", () => {
  const server = new Server();
  let browser;
  let ann;
  let bob;
  let token;
  let account;
  let session;

  /** Nothing of any cipher text is anywhere in the page, seen or not. */
  const nothingLeaks = async (person = ann) => {
    const all = (await person.page.content()) + (await person.page.title()) + JSON.stringify(await person.page.evaluate(() => window.notes ?? []));
    for (const text of CIPHER) assert.ok(!all.includes(text), `${text} is in the page`);
  };
  const locked = () => ann.rows().locator(".cipher");

  before(async () => {
    await server.start();
    browser = await launch();
    const made = await server.call("POST", "/setup", { token: await server.setupToken(), handle: "ann", display_name: "Ann Lee", password: PASSWORD });
    token = made.token;
    account = made.account.id;
    bob = await Ourchat.register(server, "Bob Marsh");
    session = await bob.openSession("Vault", true);
    await bob.letIn(session, account);
    ann = await Person.come(browser, server.plain, { permissions: ["notifications"] });
    // Notes of the desktop are caught, not shown; nobody looks at the page, so it makes them.
    await ann.context.addInitScript(() => {
      window.notes = [];
      window.Notification = class {
        static permission = "granted";
        static requestPermission = async () => "granted";
        constructor(title, options) {
          window.notes.push({ title, ...options });
        }
        close() {}
      };
      document.hasFocus = () => false;
    });
    await ann.signIn("ann");
  });
  after(async () => {
    await browser?.close();
    await server.stop();
    console.log(`pictures of the screens: ${SHOTS}`);
  });

  it("shows a lock in the list of rooms in place of what was said", async () => {
    await bob.say(session, CIPHER[0], true);
    const line = ann.page.locator(".room-line", { hasText: "Vault" });
    await line.filter({ hasText: LOCKED }).waitFor();
    assert.equal(await line.getByText("Encrypted", { exact: true }).count(), 1);
    await nothingLeaks();
  });

  it("shows a lock line in the talk, and plain words beside it", async () => {
    await ann.openRoom("Vault");
    await locked().first().waitFor();
    await bob.say(session, "The key is on its way");
    await ann.row("The key is on its way").waitFor();
    await bob.say(session, CIPHER[1], true);
    await locked().nth(1).waitFor();
    assert.deepEqual([...new Set((await locked().allTextContents()).map((text) => text.trim()))], [LOCKED]);
    await ann.page.locator(".talk-head", { hasText: "Encrypted" }).waitFor();
    await ann.page.locator(".composer-note").waitFor();
    await nothingLeaks();
  });

  it("offers neither to copy nor to edit what nobody can read, and answers to it quote a lock", async () => {
    const row = ann.rows().filter({ has: ann.page.locator(".cipher") }).first();
    await row.hover();
    await row.getByRole("button", { name: "More" }).click();
    await ann.page.getByRole("menuitem").first().waitFor();
    const offered = await ann.page.getByRole("menuitem").allTextContents();
    assert.ok(offered.length > 0 && !offered.some((text) => /copy|edit/i.test(text)), offered.join(", "));
    await ann.page.keyboard.press("Escape");
    await row.hover();
    await row.getByRole("button", { name: "Reply" }).click();
    await ann.page.locator(".composer-context-text", { hasText: LOCKED }).waitFor();
    await nothingLeaks();
    await ann.say("I cannot read this one");
    await ann.row("I cannot read this one").locator(".quote", { hasText: LOCKED }).waitFor();
    await nothingLeaks();
  });

  it("shows the tools of a short row whole", async () => {
    const row = ann.row("The key is on its way");
    await row.hover();
    const corners = await row.locator(".tools").evaluate((tools) => {
      const box = tools.getBoundingClientRect();
      const [left, right] = [box.left + 20, box.right - 20];
      return [box.top + 3, box.bottom - 3].flatMap((y) => [left, right].map((x) => tools.contains(document.elementFromPoint(x, y))));
    });
    assert.deepEqual(corners, [true, true, true, true], "nothing cuts off or covers the tools");
  });

  it("says nothing of it in notes of the desktop, to screen readers or in the title", async () => {
    const other = (await server.call("POST", "/rooms", { kind: "group", title: "Elsewhere", join_rule: "invite" }, token)).room.id;
    await ann.go("/me/appearance");
    await ann.page.getByLabel("Show desktop notifications").check();
    await ann.go(`/rooms/${other}`);
    await ann.page.locator(".talk-head").getByRole("heading", { name: "Elsewhere" }).waitFor();
    await bob.say(session, CIPHER[2], true);
    const notes = await until("a note", () => ann.page.evaluate(() => (window.notes.length > 0 ? window.notes : null)));
    assert.ok(notes.every((note) => note.body.includes(LOCKED)), JSON.stringify(notes));
    await nothingLeaks();
  });

  it("is not found by its cipher text", async () => {
    await ann.go("/find");
    await ann.page.locator(".main-pane input[type=search]").fill(CIPHER[2]);
    await ann.page.getByText("Nothing found").first().waitFor();
    assert.equal(await ann.page.locator(".main-pane .row").count(), 0);
  });

  it("looks right on a desktop and on a phone, by day and by night", async () => {
    for (const [size, viewport] of Object.entries({ desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } }))
      for (const theme of ["light", "dark"]) {
        const person = await Person.come(browser, server.plain, { viewport, colorScheme: theme, hasTouch: size === "phone", isMobile: size === "phone" });
        await person.signIn("ann");
        await person.page.locator(".room-line", { hasText: LOCKED }).waitFor();
        await inspect(person, `encrypted-list-${size}-${theme}`);
        await person.go(`/rooms/${session}`);
        await person.rows().locator(".cipher").nth(2).waitFor();
        await inspect(person, `encrypted-talk-${size}-${theme}`);
        await nothingLeaks(person);
        person.assertNoComplaints();
        await person.context.close();
      }
  });

  it("shows a picture and a file that came in there", async () => {
    const plan = picture(320, 200);
    const list = Buffer.from("seed list\n".repeat(500));
    const keys = [await bob.bring(session, plan), await bob.bring(session, list)];
    await ann.openRoom("Vault");
    await bob.say(session, 'The plan ![beds](IO://0 "beds.png") and ![seeds](FO://1 "seeds.txt")', false, keys);
    const image = ann.row("The plan").locator(".picture img");
    await image.waitFor();
    await until("the picture to be there", () => image.evaluate((i) => i.complete && i.naturalWidth === 320));
    const [download] = await Promise.all([ann.page.waitForEvent("download"), ann.row("The plan").locator("a.tile").click()]);
    assert.deepEqual(await readFile(await download.path()), list);
  });

  it("is marked at once when a client switches encryption on", async () => {
    const plain = await bob.openSession("Cellar", false);
    await bob.letIn(plain, account);
    await bob.say(plain, "Nobody hides anything here");
    await ann.openRoom("Cellar");
    await ann.row("Nobody hides anything here").waitFor();
    assert.equal(await ann.page.locator(".composer-note").count(), 0);
    await bob.encrypt(plain);
    await ann.page.locator(".talk-head", { hasText: "Encrypted" }).waitFor();
    await ann.page.locator(".composer-note").waitFor();
  });

  it("shows what is taken back there, and takes back for there", async () => {
    await ann.openRoom("Vault");
    const id = await bob.say(session, "A slip of the tongue");
    await ann.row("A slip of the tongue").waitFor();
    await bob.recall(session, id);
    await ann.row("Message recalled").waitFor();
    assert.equal(await ann.row("A slip of the tongue").count(), 0);
  });

  it("shows at once who is muted there, who may speak again, and who is put out", async () => {
    await bob.mute(session, account, 3600);
    await ann.page.getByText("You are muted here until").waitFor();
    await bob.unmute(session, account);
    await ann.composer.waitFor();
    await ann.say("Here again");
    await ann.row("Here again").waitFor();
    await bob.ban(session, account);
    await until("the room to go from the list", async () => (await ann.page.locator(".room-line", { hasText: "Vault" }).count()) === 0);
    ann.assertNoComplaints();
  });
});
