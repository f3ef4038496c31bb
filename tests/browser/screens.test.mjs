// Every screen, in both themes, on a desktop and on a phone: axe finds nothing, nothing is wider than the screen, fingers
// find their targets, and the pictures are kept where CHATELAINE_SHOTS says (a folder of its own otherwise) for somebody to look at.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect, SHOTS } from "./inspect.mjs";
import { launch, PASSWORD, Person } from "./people.mjs";
import { picture } from "./picture.mjs";
import { Server } from "./server.mjs";

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
const THEMES = ["light", "dark"];

/** A small world: four people, a group with all that a message can hold, a private talk, requests of all kinds. */
async function furnish(server, token) {
  const tokens = {};
  const ids = {};
  const first = await server.call("POST", "/setup", { token, handle: "ann", display_name: "Ann Lee", password: PASSWORD });
  tokens.ann = first.token;
  ids.ann = first.account.id;
  for (const [handle, name] of [["bob", "Bob Marsh"], ["carla", "Carla Diaz"], ["dan", "Daniel O'Neil of the allotments by the river"]]) {
    const signed = await server.call("POST", "/accounts", { handle, display_name: name, password: PASSWORD });
    tokens[handle] = signed.token;
    ids[handle] = signed.account.id;
  }
  const as = (who, method, path, body) => server.call(method, path, body, tokens[who]);
  await as("ann", "PATCH", "/me", { status: "Digging", bio: "Likes soil, rain and lists." });
  for (const who of ["bob", "carla"]) {
    await as("ann", "POST", "/friends/requests", { account: ids[who] });
    await as(who, "POST", `/friends/requests/${ids.ann}/accept`);
  }
  await as("dan", "POST", "/friends/requests", { account: ids.ann, note: "We met at the market" });
  const group = (await as("ann", "POST", "/rooms", { kind: "group", title: "Garden committee", description: "Beds, seeds and coffee", join_rule: "request", options: { members_may_send: true, members_may_list: true, members_may_invite: true, listed: true } })).room.id;
  for (const who of ["bob", "carla"]) {
    await as(who, "POST", `/rooms/${group}/join`, {}).catch(() => {});
    await as("ann", "POST", `/rooms/${group}/requests/${ids[who]}/accept`);
  }
  await as("dan", "POST", `/rooms/${group}/join`, { note: "May I help?" });
  const say = async (who, room, text, more = {}) => (await as(who, "POST", `/rooms/${room}/messages`, { text, ...more })).offset;
  await say("bob", group, "Good morning! Shall we meet on **Saturday** at the shed?");
  await say("carla", group, "Saturday works. I bring:\n\n- two spades\n- the *good* wheelbarrow\n- [ ] seeds (not bought yet)");
  const prices = await say("bob", group, "Prices went up, see https://shop.example/seeds?basket=7\n\n| Seed | Price |\n|---|---|\n| Beans | 2.10 |\n| Chard | 1.80 |");
  for (const who of ["ann", "carla"]) await as(who, "PUT", `/rooms/${group}/messages/${prices}/reactions/${encodeURIComponent("👍")}`);
  const wrong = await say("ann", group, "Nonsense");
  await as("ann", "DELETE", `/rooms/${group}/messages/${wrong}`);
  const kit = await say("carla", group, "```\nsoil  ph\nA     6.4\n```");
  await as("carla", "PATCH", `/rooms/${group}/messages/${kit}`, { text: "```\nsoil  ph\nA     6.4\nB     7.1\n```\nsays the kit, so `B` needs compost." });
  await say("bob", group, "@ann can you measure bed **C** too?", { mentions: [ids.ann], reply_to: kit });
  await say("ann", group, "Tonight.");
  const send = async (who, name, type, bytes) =>
    (await (await fetch(`${server.plain}/api/v1/files?name=${encodeURIComponent(name)}&room=${group}`, { method: "POST", headers: { Authorization: `Bearer ${tokens[who]}`, "Content-Type": type }, body: bytes })).json()).id;
  const image = await send("carla", "beds.png", "image/png", picture(640, 360));
  const file = await send("carla", "Plan of the garden, second version (final).txt", "text/plain", Buffer.alloc(48_211, "x"));
  await say("carla", group, "Here is the plan", { segments: [{ kind: "image", file: image, width: 640, height: 360 }, { kind: "file", file }] });
  await as("ann", "POST", `/rooms/${group}/roles`, { name: "Gardener", description: "", permissions: ["send_message", "mute"] });
  await as("ann", "POST", `/rooms/${group}/links`, { uses: 5 });
  const chess = (await as("bob", "POST", "/rooms", { kind: "group", title: "Chess evenings", description: "Tuesdays at eight", join_rule: "open", options: { members_may_send: true, members_may_list: true, members_may_invite: true, listed: true } })).room.id;
  const link = await as("bob", "POST", `/rooms/${chess}/links`, {});
  const books = (await as("bob", "POST", "/rooms", { kind: "group", title: "Book club", join_rule: "invite" })).room.id;
  await as("bob", "POST", `/rooms/${books}/invites`, { account: ids.ann, note: "You would like it" });
  const vault = (await as("ann", "POST", "/rooms", { kind: "group", title: "Vault", join_rule: "invite", encrypted: true })).room.id;
  const talk = (await as("bob", "POST", "/rooms", { kind: "private", account: ids.ann })).room.id;
  await say("bob", talk, "Did you see the new beds?");
  await say("ann", talk, "Not yet!");
  await say("bob", talk, "Come by later, I am there until six.");
  return { ids, group, talk, vault, link: link.token };
}

describe("the screens", () => {
  const server = new Server();
  let browser;
  let world;

  before(async () => {
    await server.start();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server.stop();
    console.log(`pictures of the screens: ${SHOTS}`);
  });

  const people = async (visit) => {
    for (const [size, viewport] of Object.entries(SIZES))
      for (const theme of THEMES) {
        const person = await Person.come(browser, server.plain, { viewport, colorScheme: theme, hasTouch: size === "phone", isMobile: size === "phone" });
        await visit(person, `${size}-${theme}`);
        person.assertNoComplaints();
        await person.context.close();
      }
  };

  it("before anybody has an account", async () => {
    await people(async (person, kind) => {
      await person.go("/");
      await person.page.getByLabel("Setup token").waitFor();
      await inspect(person, `setup-${kind}`);
    });
  });

  it("before the sign-in", async () => {
    world = await furnish(server, await server.setupToken());
    await people(async (person, kind) => {
      await person.go("/");
      await person.page.getByLabel("Handle or e-mail").fill("ann");
      await person.page.getByLabel("Password").fill("wrong");
      await person.button("Sign in").click();
      await person.page.locator(".error-box").waitFor();
      await inspect(person, `sign-in-${kind}`);
      await person.go("/sign-up");
      await person.page.getByRole("heading", { name: "Create an account" }).waitFor();
      await inspect(person, `sign-up-${kind}`);
      await person.go("/reset?token=x");
      await person.page.getByRole("heading", { name: "Choose a new password" }).waitFor();
      await inspect(person, `reset-${kind}`);
    });
  });

  it("of somebody who is new", async () => {
    await server.call("POST", "/accounts", { handle: "eve", display_name: "Eve", password: PASSWORD });
    await people(async (person, kind) => {
      await person.signIn("eve");
      await person.page.getByText("No chats yet").waitFor();
      await inspect(person, `empty-${kind}`);
    });
  });

  it("of somebody who is at home here", async () => {
    const { group, talk, vault, link, ids } = world;
    const places = {
      home: ["/", ".room-line"],
      group: [`/rooms/${group}`, "li.message .picture img"],
      members: [`/rooms/${group}/members`, ".side .row"],
      settings: [`/rooms/${group}/settings`, ".side .check"],
      private: [`/rooms/${talk}`, "li.message"],
      about: [`/rooms/${talk}/settings`, ".side .tile"],
      vault: [`/rooms/${vault}`, ".composer-note"],
      friends: ["/friends", ".row"],
      person: [`/people/${ids.bob}`, ".hello"],
      find: ["/find", ".row"],
      invites: ["/invites", ".row"],
      join: [`/join/${link}`, ".hello"],
      "bad-link": ["/join/nothing", ".empty"],
      profile: ["/me", ".hello"],
      appearance: ["/me/appearance", ".main-pane select"],
      logins: ["/me/logins", ".row"],
      security: ["/me/security", ".main-pane input[type=password]"],
      admin: ["/admin", ".row"],
      "admin-settings": ["/admin/serverSettings", ".row"],
      "admin-audit": ["/admin/audit", "td"],
      nowhere: ["/rooms/999", ".main-pane .empty"],
      nobody: ["/people/999", ".main-pane .empty .button"],
    };
    await people(async (person, kind) => {
      await person.signIn("ann");
      for (const [name, [place, sign]] of Object.entries(places)) {
        await person.go(place);
        await person.page.locator(sign).first().waitFor();
        await person.page.waitForLoadState("networkidle");
        await inspect(person, `${name}-${kind}`);
      }
    });
  });

  it("of dialogs, menus and what appears under the hand", async () => {
    const { group } = world;
    await people(async (person, kind) => {
      const { page } = person;
      await person.signIn("ann");
      await person.button("New chat").first().click();
      await page.getByLabel("Search people by name or handle").waitFor();
      await inspect(person, `new-chat-${kind}`);
      await person.button("Group").click();
      await inspect(person, `new-group-${kind}`);
      await person.button("Close").click();
      await person.go(`/rooms/${group}`);
      const row = person.row("Prices went up");
      await row.scrollIntoViewIfNeeded();
      await row.focus();
      await inspect(person, `message-tools-${kind}`);
      await row.getByRole("button", { name: "More" }).click();
      await page.getByRole("menu").waitFor();
      await inspect(person, `message-menu-${kind}`);
      await page.keyboard.press("Escape");
      await row.getByRole("button", { name: "React", exact: true }).click();
      await page.locator(".emoji-grid").waitFor();
      await inspect(person, `emoji-${kind}`);
      await page.keyboard.press("Escape");
      await row.getByRole("button", { name: "Reply" }).click();
      await person.composer.pressSequentially("Thanks @b");
      await page.getByRole("listbox").waitFor();
      await inspect(person, `mention-${kind}`);
      await page.keyboard.press("Escape");
      await page.locator(".composer input[type=file]").setInputFiles([{ name: "beds.png", mimeType: "image/png", buffer: picture(64, 64) }, { name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("x") }]);
      await page.locator(".tray-done").nth(1).waitFor();
      await inspect(person, `attachments-${kind}`);
      await person.composer.fill("");
    });
  });

  it("in Chinese", async () => {
    await people(async (person, kind) => {
      await person.signIn("ann");
      await person.go("/me/appearance");
      await person.page.locator("select").last().selectOption("zh");
      await person.page.getByRole("heading", { name: "我" }).waitFor();
      assert.equal(await person.page.locator("html").getAttribute("lang"), "zh-CN");
      await inspect(person, `chinese-${kind}`);
      await person.page.locator("select").last().selectOption("en");
    });
  });
});
