// When things break off: uploads cut by a dead server or a dead line, messages written into the void, answers that get lost.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { launch, PASSWORD, Person } from "./people.mjs";
import { picture } from "./picture.mjs";
import { Server, until } from "./server.mjs";

/** Lets go of files over the talk, or pastes them into the composer, as a person would. */
const handOver = (page, how, files) =>
  page.evaluate(
    ([how, files]) => {
      const data = new DataTransfer();
      for (const { name, type, bytes } of files) data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
      const box = document.querySelector(how === "paste" ? ".composer textarea" : ".scroller");
      const send = (event) => box.dispatchEvent(event);
      if (how === "paste") return send(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      const drag = (kind) => new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
      // The browser opens the file in place of the page unless both are taken.
      const over = !send(drag("dragover"));
      return how === "hover" ? over : over && !send(drag("drop"));
    },
    [how, files.map((f) => ({ ...f, bytes: f.bytes.toString("base64") }))],
  );

describe("trouble", () => {
  const server = new Server();
  let browser;
  let ann;
  let bob;
  let room;

  const download = async (person, text, name) => {
    const tile = person.row(text).locator("a.tile", { hasText: name });
    const [got] = await Promise.all([person.page.waitForEvent("download"), tile.click()]);
    return readFile(await got.path());
  };
  const openBoth = async () => {
    for (const person of [ann, bob]) await person.openRoom("Workshop");
  };

  before(async () => {
    await server.start();
    browser = await launch();
    const { token } = await server.call("POST", "/setup", { token: await server.setupToken(), handle: "ann", display_name: "Ann Lee", password: PASSWORD });
    const other = await server.call("POST", "/accounts", { handle: "bob", display_name: "Bob Marsh", password: PASSWORD });
    room = (await server.call("POST", "/rooms", { kind: "group", title: "Workshop", join_rule: "open" }, token)).room.id;
    await server.call("POST", `/rooms/${room}/join`, {}, other.token);
    ann = await Person.come(browser, server.plain);
    bob = await Person.come(browser, server.plain);
    await ann.signIn("ann");
    await bob.signIn("bob");
    await openBoth();
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });

  it("files are taken where they are dropped and where they are pasted", async () => {
    const note = { name: "note.txt", type: "text/plain", bytes: Buffer.from("by hand") };
    const image = { name: "shot.png", type: "image/png", bytes: picture(40, 30) };
    assert.ok(await handOver(ann.page, "hover", [note]), "the page takes what is held over it");
    await ann.page.getByText("Drop files here").waitFor();
    assert.ok(await handOver(ann.page, "drop", [note]), "the page takes what is dropped");
    assert.equal(await ann.page.getByText("Drop files here").count(), 0);
    await handOver(ann.page, "paste", [image]);
    await ann.page.locator(".tray-done").nth(1).waitFor();
    await ann.say("Dropped and pasted");
    await bob.row("Dropped and pasted").locator("img[alt='shot.png']").waitFor();
    assert.equal((await download(bob, "Dropped and pasted", "note.txt")).toString(), "by hand");
  });

  it("a small file whose line is cut says so and goes up at the second try", async () => {
    const { page } = ann;
    let cuts = 1;
    await page.route("**/api/v1/files?*", (route) => (cuts-- > 0 ? route.abort() : route.continue()));
    await page.locator(".composer input[type=file]").setInputFiles([{ name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("beans") }]);
    await page.locator(".tray-failed", { hasText: "The server cannot be reached" }).waitFor();
    await ann.composer.fill("With a list");
    assert.equal(await ann.button("Send").isDisabled(), true, "nothing goes without its file");
    await page.locator(".tray-failed").getByRole("button", { name: "Try again" }).click();
    await page.locator(".tray-done").waitFor();
    await page.unroute("**/api/v1/files?*");
    await ann.composer.press("Enter");
    assert.equal((await download(bob, "With a list", "list.txt")).toString(), "beans");
  });

  it("a large file shows how far it is, and goes on by itself after the server was killed and started again", async () => {
    const { page } = ann;
    const bytes = Buffer.alloc(20 * 1024 * 1024);
    for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
    const offsets = [];
    let begun = 0;
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/uploads")) begun++;
    });
    // The second piece meets a server that is just dying.
    await page.route("**/api/v1/uploads/*?offset=*", async (route) => {
      const offset = Number(new URL(route.request().url()).searchParams.get("offset"));
      offsets.push(offset);
      if (offset > 0 && offsets.filter((o) => o > 0).length === 1) {
        await until("the progress of the first piece", async () => Number(await page.locator(".tray progress").getAttribute("value")) > 20);
        await server.kill();
      }
      await route.continue().catch(() => {});
    });
    await page.locator(".composer input[type=file]").setInputFiles([{ name: "film.bin", mimeType: "application/octet-stream", buffer: bytes }]);
    await page.locator(".tray-failed", { hasText: "The server cannot be reached" }).waitFor({ timeout: 60_000 });
    await page.unroute("**/api/v1/uploads/*?offset=*");
    page.on("request", (request) => {
      const offset = new URL(request.url()).searchParams.get("offset");
      if (request.method() === "PUT" && offset !== null) offsets.push(Number(offset));
    });
    await server.start();
    await page.locator(".tray-done").waitFor({ timeout: 60_000 });
    assert.equal(begun, 1, "one upload, gone on with");
    assert.equal(offsets.filter((offset) => offset === 0).length, 1, `what had arrived is not sent twice: ${offsets}`);
    await ann.say("The film");
    assert.equal(Buffer.compare(await download(bob, "The film", "film.bin"), bytes), 0);
  });

  it("what is written while the server is away arrives once and in order, also after the page was loaded anew", async () => {
    await server.kill();
    await ann.page.locator(".banner", { hasText: "Connection lost" }).waitFor();
    for (let i = 1; i <= 6; i++) await ann.say(`into the void ${i}`);
    assert.equal(await ann.page.locator("li.parcel").count(), 6);
    await ann.page.locator(".banner", { hasText: "6 messages wait to be sent" }).waitFor();
    await ann.page.reload().catch(() => {});
    await server.start();
    await ann.go("/");
    await ann.openRoom("Workshop");
    for (let i = 7; i <= 9; i++) await ann.say(`into the void ${i}`);
    await ann.allSent();
    const wanted = Array.from({ length: 9 }, (_, i) => `into the void ${i + 1}`);
    for (const person of [ann, bob]) {
      await person.row("into the void 9").waitFor();
      const texts = (await person.shown()).map((m) => m.text).filter((text) => text.startsWith("into the void"));
      assert.deepEqual(texts, wanted);
    }
  });

  it("a message whose answer got lost is sent again and still stands there once", async () => {
    const { page } = ann;
    const keys = [];
    await page.route(`**/api/v1/rooms/${room}/messages`, async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      keys.push(route.request().postDataJSON().client_key);
      if (keys.length > 1) return route.continue();
      await route.fetch();
      await route.abort();
    });
    await ann.say("Heard once");
    await ann.say("Heard after it");
    await bob.row("Heard after it").waitFor();
    await ann.allSent();
    await page.unroute(`**/api/v1/rooms/${room}/messages`);
    for (const person of [ann, bob]) {
      const texts = (await person.shown()).map((m) => m.text);
      assert.deepEqual(texts.filter((text) => text.startsWith("Heard")), ["Heard once", "Heard after it"]);
    }
  });

  it("a message that the server refuses says why, and can be thrown away", async () => {
    const { page } = ann;
    await page.route(`**/api/v1/rooms/${room}/messages`, (route) =>
      route.request().method() === "POST"
        ? route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ type: "/problems/muted", title: "Muted", status: 403, detail: "no", code: "muted" }) })
        : route.continue(),
    );
    await ann.say("Nobody will have this");
    await page.locator(".parcel-failed", { hasText: "Not sent. You are muted in this room." }).waitFor();
    await page.unroute(`**/api/v1/rooms/${room}/messages`);
    await ann.button("Discard").click();
    await page.locator("li.parcel").waitFor({ state: "detached" });
    assert.equal(await bob.row("Nobody will have this").count(), 0);
  });

  it("no rule of the pages was broken", () => {
    ann.assertNoComplaints();
    bob.assertNoComplaints();
  });
});
