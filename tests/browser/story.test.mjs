// The main story: two people in two browsers talk in a group and in private while the server is killed in the middle.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { picture } from "./picture.mjs";
import { launch, Person } from "./people.mjs";
import { Server, until } from "./server.mjs";

describe("two people in two browsers", () => {
  const server = new Server();
  let browser;
  let ann;
  let bob;

  before(async () => {
    await server.start();
    browser = await launch();
    ann = await Person.come(browser, server.secure);
    bob = await Person.come(browser, server.secure);
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });

  it("the first makes the administrator with the token from the console", async () => {
    await ann.setUp(await server.setupToken(), "Ann Lee", "ann");
    await ann.page.getByRole("link", { name: "Admin" }).waitFor();
  });

  it("the second signs up", async () => {
    await bob.signUp("Bob Marsh", "bob");
    assert.equal(await bob.page.getByRole("link", { name: "Admin" }).count(), 0);
  });

  it("they meet in a group", async () => {
    await ann.openGroup("Garden", [["bob", "Bob Marsh"]]);
    const line = bob.page.locator(".room-line", { hasText: "Garden" });
    const invitation = bob.page.getByRole("link", { name: "1 invitation" });
    await line.or(invitation).first().waitFor();
    if (await invitation.count()) {
      await invitation.click();
      await bob.button("Accept").click();
    } else await line.click();
    await bob.page.locator(".talk-head").getByRole("heading", { name: "Garden" }).waitFor();
  });

  it("each sees at once what the other writes", async () => {
    await ann.say("Good **morning**, @bob");
    await bob.row("Good morning, @bob").waitFor();
    assert.equal(await bob.row("Good morning").locator("strong").textContent(), "morning");
    await bob.say("Morning!");
    await ann.row("Morning!").waitFor();
  });

  it("each sees the other typing and present", async () => {
    await bob.composer.pressSequentially("I am th");
    await ann.page.locator(".talk-head .typing-words", { hasText: "Bob Marsh is typing" }).waitFor();
    await bob.composer.fill("");
    await ann.page.locator(".talk-head", { hasText: "2 online" }).waitFor();
  });

  it("a message is edited, answered, reacted to and recalled for both", async () => {
    await ann.say("We meet at nien");
    await ann.row("We meet at nien").waitFor();
    await ann.composer.press("ArrowUp");
    await until("the message to be in the composer", async () => (await ann.composer.inputValue()) === "We meet at nien");
    await ann.say("We meet at nine");
    await bob.row("We meet at nine").getByRole("button", { name: "edited" }).waitFor();

    await bob.row("We meet at nine").hover();
    await bob.row("We meet at nine").getByRole("button", { name: "React with 👍" }).click();
    await ann.row("We meet at nine").locator(".reaction", { hasText: "1" }).waitFor();

    await bob.row("We meet at nine").hover();
    await bob.row("We meet at nine").getByRole("button", { name: "Reply" }).click();
    await bob.say("I will be there");
    await ann.row("I will be there").locator(".quote", { hasText: "We meet at nine" }).waitFor();

    await ann.say("Nobody should read this");
    await bob.row("Nobody should read this").waitFor();
    await ann.row("Nobody should read this").hover();
    await ann.row("Nobody should read this").getByRole("button", { name: "More" }).click();
    await ann.page.getByRole("menuitem", { name: "Recall" }).click();
    await ann.page.getByRole("dialog").getByRole("button", { name: "Recall", exact: true }).click();
    await bob.row("Message recalled").waitFor();
    assert.equal(await bob.row("Nobody should read this").count(), 0);
  });

  it("a picture and a file go through and come out as they went in", async () => {
    const bytes = Buffer.from("seed list\n".repeat(3000));
    await ann.page.locator(".composer input[type=file]").setInputFiles([
      { name: "beds.png", mimeType: "image/png", buffer: picture(320, 200) },
      { name: "seeds.txt", mimeType: "text/plain", buffer: bytes },
    ]);
    await ann.page.locator(".tray-done").nth(1).waitFor();
    await ann.say("Plan and list");
    const image = bob.row("Plan and list").locator("img[alt='beds.png']");
    await image.waitFor();
    await until("the picture to be there", () => image.evaluate((i) => i.complete && i.naturalWidth === 320));
    const tile = bob.row("Plan and list").locator("a.tile", { hasText: "seeds.txt" });
    const [download] = await Promise.all([bob.page.waitForEvent("download"), tile.click()]);
    assert.deepEqual(await readFile(await download.path()), bytes);
  });

  it("a large file goes up in pieces", async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024);
    for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
    const pieces = [];
    ann.page.on("request", (request) => {
      if (request.method() === "PUT" && request.url().includes("/uploads/")) pieces.push(request.url());
    });
    await ann.page.locator(".composer input[type=file]").setInputFiles([{ name: "film.bin", mimeType: "application/octet-stream", buffer: bytes }]);
    await ann.page.locator(".tray-done").waitFor({ timeout: 60_000 });
    assert.ok(pieces.length >= 2, `${pieces.length} pieces`);
    await ann.say("The film");
    const tile = bob.row("The film").locator("a.tile", { hasText: "film.bin" });
    const [download] = await Promise.all([bob.page.waitForEvent("download"), tile.click()]);
    const got = await readFile(await download.path());
    assert.equal(Buffer.compare(got, bytes), 0);
  });

  it("they talk in private", async () => {
    await bob.writeTo("ann", "Ann Lee");
    await bob.say("Between us");
    await ann.page.locator(".room-line", { hasText: "Between us" }).waitFor();
    await ann.openRoom("Bob Marsh");
    await ann.row("Between us").waitFor();
    await ann.say("Of course");
    await bob.row("Of course").waitFor();
    await bob.openRoom("Garden");
    await ann.openRoom("Garden");
  });

  it("the server is killed in the middle and nothing that was shown as sent is lost, nothing comes twice", async () => {
    const promised = new Map();
    const note = async (person) => {
      for (const { offset, text } of await person.shown()) promised.set(offset, text);
    };
    // Both write as fast as they can while the server dies.
    const burst = async (person, name) => {
      for (let i = 0; i < 25; i++) {
        await person.say(`${name} ${i}`);
        await note(person);
      }
    };
    const writing = Promise.all([burst(ann, "before-ann"), burst(bob, "before-bob")]);
    await until("some messages to be through", async () => (await ann.row("before-bob").count()) > 3);
    await server.kill();
    await writing;
    await note(ann);
    await note(bob);
    for (let i = 0; i < 3; i++) {
      await ann.say(`during-ann ${i}`);
      await bob.say(`during-bob ${i}`);
    }
    await ann.page.locator(".banner", { hasText: "Connection lost" }).waitFor();
    assert.ok((await ann.page.locator("li.parcel", { hasText: "during-ann" }).count()) === 3);
    // One of them even reloads... which cannot work without a server, so that what waits must outlive the page.
    await bob.page.reload().catch(() => {});

    await server.start();
    await bob.go("/");
    await bob.openRoom("Garden");
    await ann.allSent();
    await bob.allSent();
    await until("the banner to go", async () => (await ann.page.locator(".banner").count()) === 0);

    const wanted = [];
    for (const name of ["ann", "bob"]) {
      for (let i = 0; i < 25; i++) wanted.push(`before-${name} ${i}`);
      for (let i = 0; i < 3; i++) wanted.push(`during-${name} ${i}`);
    }
    for (const person of [ann, bob]) {
      await until("the newest message to be there", async () => {
        const texts = (await person.shown()).map((m) => m.text);
        return wanted.every((text) => texts.includes(text));
      });
    }
    // And the same after reading everything anew.
    await ann.page.reload();
    await ann.composer.waitFor();
    await until("the timeline to be read anew", async () => (await ann.shown()).length > 40);
    await ann.page.locator(".scroller").evaluate((box) => box.scrollTo(0, 0));
    await until("all to be loaded", async () => (await ann.shown())[0]?.offset === 1);
    await bob.page.locator(".scroller").evaluate((box) => box.scrollTo(0, 0));
    await until("all to be loaded", async () => (await bob.shown())[0]?.offset === 1);
    for (const person of [ann, bob]) {
      const shown = await person.shown();
      const texts = shown.map((m) => m.text);
      for (const text of wanted) assert.equal(texts.filter((t) => t === text).length, 1, `${text} stands there once`);
      for (const [offset, text] of promised) assert.equal(shown.find((m) => m.offset === offset)?.text, text, `message ${offset} is what it was`);
      assert.deepEqual(
        shown.map((m) => m.offset),
        shown.map((_, i) => i + 1),
      );
    }
    assert.deepEqual(await ann.shown(), await bob.shown());
  });

  it("the files are still there", async () => {
    const tile = bob.row("Plan and list").locator("a.tile", { hasText: "seeds.txt" });
    await tile.scrollIntoViewIfNeeded();
    const [download] = await Promise.all([bob.page.waitForEvent("download"), tile.click()]);
    assert.equal((await readFile(await download.path())).length, 30_000);
  });

  it("no rule of the pages was broken", () => {
    ann.assertNoComplaints();
    bob.assertNoComplaints();
  });
});
