// How people come in: the three ways to sign up, links that were sent to them, and what a browser remembers of them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, PASSWORD, Person } from "./people.mjs";
import { Server, until } from "./server.mjs";

describe("arriving", () => {
  const server = new Server();
  let browser;
  let token;

  const as = (method, path, body) => server.call(method, path, body, token);
  const signUpBy = (mode) => as("PATCH", "/admin/settings", { name: "accounts.sign_up", value: mode });
  const fill = async (person, name, handle) => {
    await person.page.getByLabel("Name", { exact: true }).fill(name);
    await person.page.getByLabel("Handle", { exact: true }).fill(handle);
    await person.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await person.button("Create account").click();
  };
  /** Somebody at a fresh browser, gone when the visit is over. */
  const visit = async (deed, options) => {
    const person = await Person.come(browser, server.plain, options);
    await deed(person, person.page);
    person.assertNoComplaints();
    await person.context.close();
  };

  before(async () => {
    await server.start();
    browser = await launch();
    const ann = await server.call("POST", "/setup", { token: await server.setupToken(), handle: "ann", display_name: "Ann Lee", password: PASSWORD });
    token = ann.token;
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });

  it("where sign-up is open, a taken handle and a weak password are told at their fields", () =>
    visit(async (person, page) => {
      await person.go("/");
      await page.getByRole("link", { name: "Create an account" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Another Ann");
      await page.getByLabel("Handle", { exact: true }).fill("ann");
      await page.getByLabel("Password", { exact: true }).fill("password");
      await person.button("Create account").click();
      const flawed = page.locator("[aria-invalid=true]");
      await flawed.waitFor();
      const described = (await flawed.getAttribute("aria-describedby")).split(" ");
      const error = await page.locator(`[id="${described.at(-1)}"]`).textContent();
      assert.match(error, /too easy to guess|Somebody else has that/);
      await until("the flawed field to have the focus", () => flawed.evaluate((field) => field === document.activeElement));
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await person.button("Create account").click();
      await page.getByText("Somebody else has that already.").waitFor();
      await page.getByLabel("Handle", { exact: true }).fill("otherann");
      await person.button("Create account").click();
      await page.getByText("No chats yet").first().waitFor();
    }));

  it("where an invitation is needed, the link from the administrator brings it along and works once", async () => {
    await signUpBy("invite");
    let link = "";
    await visit(async (person, page) => {
      await person.signIn("ann");
      await person.go("/admin");
      await person.button("Make an invitation").click();
      link = await page.getByRole("dialog").getByRole("textbox").inputValue();
    });
    await visit(async (person, page) => {
      await person.go("/sign-up");
      await page.getByLabel("Invitation code").fill("no-such-code");
      await fill(person, "Bob Marsh", "bob");
      await page.locator(".error").first().waitFor();
      await page.goto(link);
      await until("the code to be filled in", async () => (await page.getByLabel("Invitation code").inputValue()) === new URL(link.replace("#/", "")).searchParams.get("invite"));
      await fill(person, "Bob Marsh", "bob");
      await page.locator(".shell").waitFor();
    });
    await visit(async (person, page) => {
      await page.goto(link);
      await fill(person, "Eve", "eve");
      assert.ok((await page.locator(".error").first().textContent()).length > 10, "the second is told why not");
    });
  });

  it("where sign-up is closed, nobody is led to a form that cannot work", async () => {
    await signUpBy("closed");
    await visit(async (person, page) => {
      await person.go("/");
      await page.getByLabel("Handle or e-mail").waitFor();
      assert.equal(await page.getByRole("link", { name: "Create an account" }).count(), 0);
      await person.go("/sign-up");
      await page.getByText("Sign-up is closed here.").waitFor();
      assert.equal(await page.locator("input").count(), 0);
    });
    await signUpBy("open");
  });

  it("a one-time link gives a new password, once, and ends the old sign-ins", async () => {
    const bob = (await as("GET", "/accounts?search=bob")).items[0];
    const { token: once } = await as("POST", `/admin/accounts/${bob.id}/reset-link`, {});
    const fresh = "seven herons stand by the mill";
    const elsewhere = await Person.come(browser, server.plain);
    await elsewhere.signIn("bob");
    await visit(async (person, page) => {
      await person.go(`/reset?token=${once}`);
      await page.getByLabel("New password").fill("password");
      await person.button("Save").click();
      await page.getByText("too easy to guess").waitFor();
      await page.getByLabel("New password").fill(fresh);
      await person.button("Save").click();
      await page.getByText("The password is changed. Sign in with it.").waitFor();
      await person.signIn("bob", fresh);
    });
    await elsewhere.page.getByLabel("Handle or e-mail").waitFor();
    // Also who is signed in may follow such a link; the used one says what to do.
    await elsewhere.signIn("bob", fresh);
    await elsewhere.go(`/reset?token=${once}`);
    await elsewhere.page.getByLabel("New password").fill("eight otters swim in the mill pond");
    await elsewhere.button("Save").click();
    assert.match(await elsewhere.page.locator(".error-box").textContent(), /Ask for a new one/);
    await elsewhere.context.close();
  });

  it("a stranger follows a link to a group, makes an account on the way and stands in the group", async () => {
    const room = (await as("POST", "/rooms", { kind: "group", title: "Harbour choir", description: "Wednesdays" })).room.id;
    const link = await as("POST", `/rooms/${room}/links`, { uses: 2 });
    await visit(async (person, page) => {
      await person.go(`/join/${link.token}`);
      await page.getByText("Somebody invites you to a group.").waitFor();
      await page.getByRole("link", { name: "Create an account" }).click();
      await page.getByRole("link", { name: "Sign in" }).click();
      await page.getByRole("link", { name: "Create an account" }).click();
      await fill(person, "Carla Diaz", "carla");
      await page.getByRole("heading", { name: "Join “Harbour choir”?" }).waitFor();
      await person.button("Join").click();
      await page.locator(".talk-head").getByRole("heading", { name: "Harbour choir" }).waitFor();
      await person.say("Here I am");
      await person.row("Here I am").waitFor();
    });
    await visit(async (person, page) => {
      await person.go(`/join/${link.token}`);
      await page.getByLabel("Handle or e-mail").fill("otherann");
      await page.getByLabel("Password").fill(PASSWORD);
      await person.button("Sign in").click();
      await person.button("Join").click();
      await person.row("Here I am").or(page.getByText("No messages yet")).first().waitFor();
    });
    await visit(async (person, page) => {
      await server.call("POST", "/accounts", { handle: "late", display_name: "Late", password: PASSWORD });
      await person.signIn("late");
      await person.go(`/join/${link.token}`);
      await page.getByText("This link is not valid").waitFor();
      await page.getByText("Ask for a new one.").waitFor();
    });
  });

  it("a friend request leads to a private talk", async () => {
    const ann = await Person.come(browser, server.plain);
    const carla = await Person.come(browser, server.plain);
    await ann.signIn("ann");
    await carla.signIn("carla");
    await ann.go("/friends");
    await ann.page.getByText("No friends yet").waitFor();
    await ann.page.getByLabel("Search people by name or handle").fill("carla");
    await ann.page.locator(".main-pane").getByRole("link", { name: /Carla Diaz/ }).click();
    await ann.page.getByLabel("Words to send along (optional)").fill("From the choir");
    await ann.button("Ask to be friends").click();
    await carla.page.locator(".place", { hasText: "Friends" }).locator(".count").waitFor();
    await carla.page.getByRole("link", { name: /Friends/ }).first().click();
    await carla.page.getByText("From the choir").waitFor();
    await carla.button("Accept").click();
    await carla.button("Write: Ann Lee").click();
    await carla.say("Hello friend");
    await ann.page.locator(".room-line", { hasText: "Hello friend" }).click();
    await ann.row("Hello friend").waitFor();
    ann.assertNoComplaints();
    carla.assertNoComplaints();
    await ann.context.close();
    await carla.context.close();
  });

  it("language and theme are chosen at once and stay, here and at the next browser", async () => {
    await visit(async (person, page) => {
      const paper = () => page.evaluate(() => getComputedStyle(document.querySelector(".main-pane")).backgroundColor);
      await person.signIn("carla");
      const bright = await paper();
      await person.go("/me/appearance");
      await page.getByLabel("Theme").selectOption("dark");
      await until("the page to be dark", async () => (await paper()) !== bright);
      await page.getByLabel("Language").selectOption("zh");
      await page.getByRole("heading", { name: "我", exact: true }).waitFor();
      const dark = await paper();
      await page.reload();
      await page.getByRole("heading", { name: "我", exact: true }).waitFor();
      assert.equal(await paper(), dark);
      assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
    });
    await visit(async (person, page) => {
      await person.signIn("carla");
      await page.getByRole("link", { name: "联系人" }).or(page.locator("html[lang=zh-CN]")).first().waitFor({ state: "attached" });
      await until("the theme to be taken over", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
    });
  });

  it("a draft is nobody else's business at the same browser", () =>
    visit(async (person, page) => {
      await person.signIn("ann");
      await person.openRoom("Harbour choir");
      await person.composer.fill("a surprise for Carla");
      await person.go("/me");
      await person.button("Sign out").click();
      await person.signIn("otherann");
      await person.openRoom("Harbour choir");
      assert.equal(await person.composer.inputValue(), "");
      await person.go("/me");
      await person.button("Sign out").click();
      await person.signIn("ann");
      await person.openRoom("Harbour choir");
      assert.equal(await person.composer.inputValue(), "a surprise for Carla");
      assert.equal(await page.locator(".draft-mark").count(), 0);
    }));
});
