// People at their browsers: one Chromium, a context for each person, and the deeds that the stories are made of.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { until } from "./server.mjs";

export const PASSWORD = "quiet lanterns over nine rivers";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ARGUMENTS });

/** What a browser says when a rule of the page was broken. */
const BROKEN_RULE = /content security policy|trusted ?type|refused to (load|execute|apply|connect)|violates/i;

export class Person {
  /** What the page must never say: broken rules and errors nobody caught. */
  complaints = [];

  static async come(browser, base, options = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
    const page = await context.newPage();
    return new Person(context, page, base);
  }

  constructor(context, page, base) {
    this.context = context;
    this.page = page;
    this.base = base;
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      if (BROKEN_RULE.test(message.text())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error.stack ?? error)));
  }

  go(place) {
    return this.page.goto(`${this.base}/#${place}`);
  }
  button(name, options = {}) {
    return this.page.getByRole("button", { name, exact: true, ...options });
  }
  get composer() {
    return this.page.locator(".composer textarea");
  }
  rows() {
    return this.page.locator("li.message[data-offset]");
  }
  row(text) {
    return this.rows().filter({ hasText: text });
  }

  async #fillAccount(name, handle) {
    await this.page.getByLabel("Name", { exact: true }).fill(name);
    await this.page.getByLabel("Handle", { exact: true }).fill(handle);
    await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  }

  async setUp(token, name, handle) {
    await this.go(`/setup?token=${token}`);
    await this.#fillAccount(name, handle);
    await this.button("Create administrator").click();
    await this.page.locator(".shell").waitFor();
  }

  async signUp(name, handle) {
    await this.go("/");
    await this.page.getByRole("link", { name: "Create an account" }).click();
    await this.#fillAccount(name, handle);
    await this.button("Create account").click();
    await this.page.locator(".shell").waitFor();
  }

  async signIn(handle, password = PASSWORD) {
    await this.go("/");
    await this.page.getByLabel("Handle or e-mail").fill(handle);
    await this.page.getByLabel("Password").fill(password);
    await this.button("Sign in").click();
    await this.page.locator(".shell").waitFor();
  }

  /** Opens a group with the `+` of the list. */
  async openGroup(title, withWhom) {
    await this.button("New chat").first().click();
    await this.button("Group").click();
    await this.page.getByLabel("Title", { exact: true }).fill(title);
    for (const [handle, name] of withWhom) {
      await this.page.getByLabel("Search people by name or handle").fill(handle);
      await this.button(`Choose ${name}`).click();
    }
    await this.button("Open group").click();
    await this.page.getByRole("heading", { name: title }).waitFor();
  }

  async writeTo(handle, name) {
    await this.button("New chat").first().click();
    await this.page.getByLabel("Search people by name or handle").fill(handle);
    await this.button(`Choose ${name}`).click();
    await this.page.getByRole("heading", { name }).waitFor();
  }

  async openRoom(title) {
    await this.page.locator(".room-line", { has: this.page.locator(".room-line-title", { hasText: title }) }).click();
    await this.page.locator(".talk-head").getByRole("heading", { name: title }).waitFor();
    await this.composer.waitFor();
  }

  async say(text) {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Texts of the messages that the page shows as sent, with their places. */
  shown() {
    return this.rows().evaluateAll((rows) => rows.map((row) => ({ offset: Number(row.dataset.offset), text: row.querySelector(".md, .big-emoji, .recalled")?.textContent ?? "" })));
  }

  /** Nothing waits to be sent any more. */
  async allSent() {
    await until("every message to be sent", async () => (await this.page.locator("li.parcel").count()) === 0, 60_000);
  }

  assertNoComplaints() {
    assert.deepEqual(this.complaints, []);
  }
}
