// Machines in the browser: what their owner sees and does, what a manager does to them, and that each hears of the other at once.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { inspect, SHOTS } from "./inspect.mjs";
import { launch, PASSWORD, Person } from "./people.mjs";
import { requestCode } from "./request-code.mjs";
import { Server, until } from "./server.mjs";

const CODES = ["0123456789abcdef0123456789ABCDEF", "1123456789abcdef0123456789ABCDE1", "2123456789abcdef0123456789ABCDE2"];
/** What a computer is made of; another number, another computer. */
const components = (n) => [
  { kind: "machine_id", value: `9f3c5a1e7b2d4c6f8a0b1c2d3e4f${String(n).padStart(4, "5")}` },
  { kind: "product_uuid", value: `4c4c4544-0051-3610-8052-b4c04f44${String(n).padStart(4, "3")}` },
  { kind: "board_serial", value: `PF3KQ9${n}X` },
  { kind: "disk_serial", value: `S4EWNX0R${n}77` },
  { kind: "cpu", value: "AMD Ryzen 7 5800X 8-Core Processor" },
];

describe("machines", () => {
  const server = new Server();
  let browser;
  const tokens = {};
  const ids = {};
  const people = {};
  const as = (who, method, path, body) => server.call(method, path, body, tokens[who]);
  const bind = async (who, name, n) => as(who, "POST", "/machines", { name, components: components(n), facts: [{ name: "system", value: "Linux" }] });
  const line = (person, name) => person.page.locator(".main-pane li.row", { has: person.page.locator(".row-name", { hasText: name }) });
  const menu = async (person, name, what) => {
    await person.button(`Actions for ${name}`).click();
    await person.page.getByRole("menuitem", { name: what, exact: true }).click();
  };
  const dialog = (person) => person.page.getByRole("dialog");

  before(async () => {
    await server.start();
    browser = await launch();
    const ann = await server.call("POST", "/setup", { token: await server.setupToken(), handle: "ann", display_name: "Ann Lee", password: PASSWORD });
    tokens.ann = ann.token;
    ids.ann = ann.account.id;
    for (const [handle, name] of [["bob", "Bob Marsh"], ["carla", "Carla Diaz"]]) {
      const signed = await server.call("POST", "/accounts", { handle, display_name: name, password: PASSWORD });
      tokens[handle] = signed.token;
      ids[handle] = signed.account.id;
    }
    for (const who of ["ann", "bob"]) {
      people[who] = await Person.come(browser, server.plain, { acceptDownloads: true });
      await people[who].signIn(who);
    }
  });
  after(async () => {
    await browser?.close();
    await server.stop();
    console.log(`pictures of the screens: ${SHOTS}`);
  });

  it("who has none is told what to type, and sees the first one come without touching the page", async () => {
    const { bob } = people;
    await bob.page.getByRole("link", { name: "Machines" }).click();
    await bob.page.getByText("No machine is bound to your account").waitFor();
    assert.equal(await bob.page.getByLabel("Command", { exact: true }).inputValue(), `chatelaine machine register --server ${server.plain}`);
    people.bench = await bind("bob", "Bench", 1);
    await line(bob, "Bench").getByText("Active").waitFor();
  });

  it("its page tells what is known, and the plot is walked with the arrow keys", async () => {
    const { bob, bench } = people;
    await server.call("POST", "/machine/heartbeat", {}, bench.token);
    await line(bob, "Bench").getByRole("link").click();
    await bob.page.getByRole("heading", { name: "Bench" }).waitFor();
    await bob.page.getByText("5 parts of").waitFor();
    await bob.page.locator(".happened-what", { hasText: "Bound" }).waitFor();
    const plot = bob.page.getByRole("slider");
    const said = () => plot.getAttribute("aria-valuetext");
    await until("the running hour to have its heartbeat", async () => /: [1-9]\d* of/.test(await said()));
    const now = await said();
    await plot.focus();
    await plot.press("ArrowRight");
    assert.match(await said(), /still to come|: 0|: [1-9]/);
    assert.notEqual(await said(), now);
    await plot.press("Home");
    assert.match(await said(), /not bound yet/);
    await bob.page.getByText("The same as a table").click();
    assert.equal(await bob.page.locator(".plot table tbody tr").count(), 7);
  });

  it("it gets another name, and another token that is shown once and ends the old one", async () => {
    const { bob, bench } = people;
    await bob.button("Rename").click();
    await dialog(bob).getByLabel("Name", { exact: true }).fill("Workbench");
    await bob.button("Save").click();
    await bob.page.getByRole("heading", { name: "Workbench" }).waitFor();
    await bob.button("New token").click();
    await dialog(bob).getByRole("button", { name: "New token" }).click();
    const token = await dialog(bob).getByRole("textbox", { name: "New token" }).inputValue();
    assert.match(token, /^cm_/);
    await assert.rejects(server.call("POST", "/machine/heartbeat", {}, bench.token), /401/);
    await server.call("POST", "/machine/heartbeat", {}, token);
    bench.token = token;
    await dialog(bob).getByRole("button", { name: "Close" }).click();
  });

  it("a machine without a network gets its certificate by a code that is carried here, and a slip in it is told", async () => {
    const { bob } = people;
    await bob.go("/machines");
    await bob.button("A machine without network").click();
    const code = requestCode(components(40));
    await dialog(bob).getByLabel("Request code", { exact: true }).fill(code.replace(/^./, (letter) => (letter === "7" ? "8" : "7")));
    await dialog(bob).getByLabel("Name", { exact: true }).fill("Lighthouse");
    await bob.button("Issue certificate").click();
    await dialog(bob).locator(".error").first().waitFor();
    await dialog(bob).getByLabel("Request code", { exact: true }).fill(code.toLowerCase());
    await dialog(bob).getByLabel("Valid for").selectOption("168");
    await bob.button("Issue certificate").click();
    await dialog(bob).getByRole("heading", { name: "The certificate is ready" }).waitFor();
    await bob.button("Show as QR code").click();
    await dialog(bob).getByRole("img", { name: /QR code/ }).waitFor();
    await inspect(bob, "machines-certificate");
    const [got] = await Promise.all([bob.page.waitForEvent("download"), bob.button("Download").click()]);
    const text = await readFile(await got.path(), "utf8");
    assert.match(text, /^-----BEGIN CHATELAINE CERTIFICATE-----/);
    await dialog(bob).getByRole("button", { name: "Close" }).click();
    await line(bob, "Lighthouse").getByText(/certificate until/).waitFor();
    await line(bob, "Lighthouse").getByRole("link").click();
    await bob.page.locator(".happened-what", { hasText: "Certificate issued" }).waitFor();
    await bob.go(`/machines/${people.bench.machine.id}`);
  });

  it("a release that comes too early is not offered, and says when it is free", async () => {
    const { bob, bench } = people;
    await as("ann", "PATCH", "/admin/settings", { name: "machines.release_cooldown_days", value: "30" });
    await bob.page.reload();
    await bob.page.getByText(/Release, replace or give: Free in (29|30) days, from/).waitFor();
    assert.equal(await bob.button("Release").count(), 0);
    await assert.rejects(as("bob", "POST", `/machines/${bench.machine.id}/release`, {}), /429/);
    await as("ann", "PATCH", "/admin/settings", { name: "machines.release_cooldown_days", value: "0" });
    await bob.page.reload();
    await bob.page.getByText(/Release, replace or give: Free now/).waitFor();
    await bob.button("Release").click();
    await dialog(bob).getByText("Its place becomes free").waitFor();
    await dialog(bob).getByRole("button", { name: "Cancel" }).click();
  });

  it("whoever replaces a machine is told what to type on the new one", async () => {
    const { bob, bench } = people;
    await bob.button("Replace").click();
    const command = await dialog(bob).getByLabel("Command", { exact: true }).inputValue();
    assert.equal(command, `chatelaine machine register --server ${server.plain} --replace ${bench.machine.id}`);
    await inspect(bob, "machines-replace");
    await dialog(bob).getByRole("button", { name: "Close" }).click();
    await dialog(bob).waitFor({ state: "detached" });
  });

  it("a ban by the administrator is seen in the owner's page at once, and so is its end", async () => {
    const { ann, bob } = people;
    await ann.go("/admin/machines");
    await line(ann, "Workbench").getByText("Bob Marsh").waitFor();
    assert.ok(!(await ann.page.locator(".main-pane").innerText()).includes(people.bench.machine.code), "codes are masked");
    await ann.page.getByLabel("Search", { exact: true }).fill("bob");
    await menu(ann, "Workbench", "Ban");
    await dialog(ann).getByLabel("Reason").fill("Copied by hand");
    await dialog(ann).getByRole("button", { name: "Ban", exact: true }).click();
    await bob.page.getByText("Banned: Copied by hand").first().waitFor();
    await bob.page.getByText("The ban has no end.").waitFor();
    await line(ann, "Workbench").getByText("Banned").waitFor();
    assert.equal(await bob.button("Release").count(), 0);
    await menu(ann, "Workbench", "Lift ban");
    await dialog(ann).getByRole("button", { name: "Lift ban" }).click();
    await bob.page.locator(".page-head").getByText("Active").waitFor();
    await bob.page.locator(".happened-what", { hasText: "Ban lifted" }).waitFor();
  });

  it("rules are changed after a warning that names what they will refuse", async () => {
    const { ann } = people;
    await ann.go("/admin/machines/rules");
    await ann.page.getByLabel("Preset").selectOption("tournament");
    await ann.button("Save").click();
    await dialog(ann).getByText(/From now on this refuses: .*A machine has a fingerprint/).waitFor();
    await dialog(ann).getByRole("button", { name: "Change" }).click();
    await until("the policy to be changed", async () => (await as("ann", "GET", "/admin/machines/policy")).preset === "tournament");
    // The form begins anew with what is in force.
    await until("the form to be at rest", () => ann.button("Save").isDisabled());
    await ann.page.getByLabel("Preset").selectOption("fair");
    await ann.page.getByLabel("Changed parts stay within bounds").selectOption("off");
    await ann.button("Save").click();
    await until("the rule to be changed", async () => {
      const now = await as("ann", "GET", "/admin/machines/policy");
      return now.preset === "fair" && now.rules.drift === "off";
    });
  });

  it("who copies a machine is refused and told of, and what was seen is ticked off", async () => {
    const { ann } = people;
    await ann.go("/admin/machines/alerts");
    await ann.page.getByText("No alerts").waitFor();
    await assert.rejects(bind("carla", "Copy", 1), /409/);
    await line(ann, "The same fingerprint at two accounts").getByText("Carla Diaz").waitFor();
    await ann.button("Mark as seen: The same fingerprint at two accounts").click();
    await line(ann, "The same fingerprint").getByText("Seen", { exact: true }).waitFor();
  });

  it("an account gets a number of machines of its own, and loses it again", async () => {
    const { ann } = people;
    await ann.go("/admin/machines/rules");
    await ann.page.getByLabel("Search people by name or handle").fill("carla");
    await ann.button("Choose Carla Diaz").click();
    await ann.page.getByText("It has no limit of its own.").waitFor();
    await ann.page.getByLabel("Machines", { exact: true }).fill("1");
    await ann.page.getByLabel("Beyond that").selectOption("double");
    await ann.button("Save").last().click();
    await ann.button("Remove this limit").waitFor();
    assert.deepEqual((await as("ann", "GET", `/admin/machines/limits/accounts/${ids.carla}`)).own, { most: 1, overage: "double" });
    await ann.button("Remove this limit").click();
    await ann.page.getByText("It has no limit of its own.").waitFor();
  });

  it("a list is imported with its flaws told before and after, and everything comes out again", async () => {
    const { ann } = people;
    await ann.go("/admin/machines/bulk");
    const csv = `account,code,name\nbob,${CODES[0]},Locker\nnobody-here,${CODES[1]},Lost\nbob,short,Broken\ncarla,${CODES[2]},"Press, old"\n`;
    await ann.page.locator("input[type=file]").setInputFiles([{ name: "machines.csv", mimeType: "text/csv", buffer: Buffer.from(csv) }]);
    await ann.page.getByText("4 rows found: 3 can be sent, 1 row has a flaw").waitFor();
    await ann.button("Import 3 machines").click();
    await ann.page.getByText("2 machines are bound.").waitFor();
    await ann.page.getByText("1 row was refused:").waitFor();
    assert.equal(await ann.page.locator("tbody tr td").first().textContent(), "2");
    const [got] = await Promise.all([ann.page.waitForEvent("download"), ann.page.getByRole("link", { name: "Download CSV" }).click()]);
    const out = await readFile(await got.path(), "utf8");
    for (const name of ["Workbench", "Locker", "Press, old"]) assert.ok(out.includes(name), `${name} in:\n${out}`);
  });

  it("a machine is offered, taken, and gone from where it was", async () => {
    const { ann, bob } = people;
    await bob.go("/machines");
    await bind("bob", "Kiosk", 2);
    await menu(bob, "Kiosk", "Give to somebody");
    await dialog(bob).getByLabel("Search people by name or handle").fill("ann");
    await dialog(bob).getByRole("button", { name: "Choose Ann Lee" }).click();
    await dialog(bob).getByRole("button", { name: "Offer it" }).click();
    await line(bob, "Kiosk").getByText("Offered to Ann Lee").waitFor();
    await ann.page.locator(".place", { hasText: "Machines" }).locator(".count").waitFor();
    await ann.page.getByRole("link", { name: /Machines/ }).first().click();
    await line(ann, "Kiosk").getByRole("button", { name: "Accept" }).click();
    await dialog(ann).getByRole("button", { name: "Take it" }).click();
    // What its former owner called it stays with the former owner.
    await line(ann, /^Machine \d+$/).getByText("Active").waitFor();
    await line(bob, "Kiosk").waitFor({ state: "detached" });
  });

  it("a mark is set with evidence, appealed against, and lifted with an answer", async () => {
    const { ann, bob } = people;
    await ann.go("/admin/machines/marks");
    await ann.button("Set a mark").click();
    await dialog(ann).getByLabel("Search people by name or handle").fill("bob");
    await dialog(ann).getByRole("button", { name: "Choose Bob Marsh" }).click();
    await dialog(ann).getByLabel("Reason").fill("Aims faster than hands can");
    await dialog(ann).getByLabel("Category (optional)").fill("aim");
    await dialog(ann).getByRole("button", { name: "Set a mark" }).click();
    const mine = ann.page.locator(".verdict", { hasText: "Aims faster" });
    await mine.first().waitFor();
    await mine.locator("input[type=file]").setInputFiles([{ name: "round.txt", mimeType: "text/plain", buffer: Buffer.from("frame 1, frame 2") }]);
    await mine.getByRole("link", { name: "round.txt" }).waitFor();
    await bob.go("/machines/marks");
    const theirs = bob.page.locator(".verdict", { hasText: "Aims faster" });
    const [got] = await Promise.all([bob.page.waitForEvent("download"), theirs.getByRole("link", { name: "round.txt" }).click()]);
    assert.equal(await readFile(await got.path(), "utf8"), "frame 1, frame 2");
    await bob.button("Appeal").click();
    await dialog(bob).getByLabel("Your words").fill("It was the lag of my line.");
    await dialog(bob).getByRole("button", { name: "Send appeal" }).click();
    await theirs.getByText("Waits for an answer").waitFor();
    await ann.page.reload();
    await ann.button("Answer").first().click();
    await dialog(ann).getByText("It was the lag of my line.").waitFor();
    await dialog(ann).getByLabel("Decision").selectOption("lift");
    await dialog(ann).getByRole("textbox", { name: "Answer" }).fill("So it was.");
    await dialog(ann).getByRole("button", { name: "Answer" }).click();
    await theirs.getByText("So it was.").waitFor();
    await theirs.getByText("Lifted", { exact: true }).waitFor();
    await ann.page.getByText("Nobody waits for an answer.").waitFor();
  });

  it("the audit trail is verified, and a new key signs", async () => {
    const { ann } = people;
    await ann.go("/admin/audit");
    await ann.button("Verify").click();
    await ann.page.getByText(/^Whole: \d+ rows/).waitFor();
    await ann.go("/admin/machines/keys");
    const rotate = async () => {
      await ann.button("New key").click();
      await dialog(ann).getByRole("button", { name: "New key" }).click();
      await dialog(ann).waitFor({ state: "detached" });
    };
    await rotate();
    await ann.page.getByText("In use", { exact: true }).waitFor();
    const keys = (await as("ann", "GET", "/admin/keys")).items.length;
    await rotate();
    await ann.page.getByText(`Key ${keys + 1}`).waitFor();
    await ann.page.getByText("Old, still accepted").first().waitFor();
  });

  it("a group is told of a ban, because who set it up wished so", async () => {
    const { ann } = people;
    const room = (await as("ann", "POST", "/rooms", { kind: "group", title: "Watch" })).room.id;
    await ann.go(`/rooms/${room}/settings`);
    await ann.page.getByLabel("A machine is banned").check();
    await until("the choice to be kept", async () => (await as("ann", "GET", `/rooms/${room}/machine-alerts`)).kinds.includes("ban"));
    await as("ann", "POST", `/admin/machines/${people.bench.machine.id}/ban`, { reason: "For the record" });
    await ann.rows().filter({ hasText: "Workbench" }).or(ann.rows().first()).first().waitFor();
    await as("ann", "DELETE", `/admin/machines/${people.bench.machine.id}/ban`);
  });

  it("a manager replaces a machine by a code, and it stays whose it was", async () => {
    const { ann } = people;
    await bind("carla", "Kiosk", 60);
    await ann.go("/admin/machines");
    await menu(ann, "Kiosk", "Replace");
    await dialog(ann).getByLabel("Code of the new machine").fill("KIOSK000000000000000000000000060");
    await dialog(ann).getByLabel("Name", { exact: true }).fill("New kiosk");
    await dialog(ann).getByRole("button", { name: "Replace", exact: true }).click();
    assert.match(await dialog(ann).getByRole("textbox", { name: "New token" }).inputValue(), /^cm_/);
    await dialog(ann).getByRole("button", { name: "Close" }).click();
    await line(ann, "New kiosk").getByText("Carla Diaz").waitFor();
    const bound = await as("carla", "GET", "/machines?state=bound");
    assert.ok(bound.items.some((one) => one.name === "New kiosk"));
  });

  it("who looks after an organisation sees its members' machines and nothing that is not theirs to change", async () => {
    const role = await as("ann", "POST", "/admin/server-roles", { name: "Lab keeper", description: "", permissions: ["view_users", "manage_machines"], own_organisation: true });
    const made = await server.call("POST", "/accounts", { handle: "dora", display_name: "Dora", password: PASSWORD });
    await as("ann", "PATCH", `/admin/accounts/${made.account.id}`, { server_role: role.id });
    for (const id of [made.account.id, ids.carla]) await as("ann", "PATCH", `/admin/accounts/${id}`, { organisation: "Lab" });
    const dora = await Person.come(browser, server.plain);
    await dora.signIn("dora");
    await dora.go("/admin/machines");
    await line(dora, "New kiosk").getByText("Carla Diaz").waitFor();
    assert.equal(await line(dora, "Workbench").count(), 0, "Bob is no member");
    const tabs = await dora.page.locator("nav.tabs a").allInnerTexts();
    assert.deepEqual(tabs, ["Accounts", "Machines", "List", "Marks"]);
    dora.assertNoComplaints();
  });

  it("every screen is fit for eyes, fingers and screen readers", async () => {
    const places = { machines: ["/machines", ".row"], machine: [`/machines/${people.bench.machine.id}`, ".plot-days"], marks: ["/machines/marks", ".verdict"], released: ["/machines/released", ".main-pane .row, .main-pane .empty"] };
    const managing = { all: ["/admin/machines", ".main-pane .row"], one: [`/admin/machines/${people.bench.machine.id}`, ".pairs"], rules: ["/admin/machines/rules", ".rules"], alerts: ["/admin/machines/alerts", ".main-pane .row, .main-pane .empty"], verdicts: ["/admin/machines/marks", ".verdict"], bulk: ["/admin/machines/bulk", "#import-text"], keys: ["/admin/machines/keys", ".main-pane .row"] };
    const kinds = [["desktop", "dark"], ["phone", "light"]];
    for (const [size, theme] of kinds)
      for (const [who, list] of [["bob", places], ["ann", managing]]) {
        const phone = size === "phone";
        const person = await Person.come(browser, server.plain, { viewport: phone ? { width: 360, height: 740 } : { width: 1280, height: 800 }, colorScheme: theme, hasTouch: phone, isMobile: phone });
        await person.signIn(who);
        for (const [name, [place, sign]] of Object.entries(list)) {
          await person.go(place);
          await person.page.locator(sign).first().waitFor();
          await person.page.waitForLoadState("networkidle");
          await inspect(person, `machines-${name}-${size}-${theme}`);
        }
        person.assertNoComplaints();
        await person.context.close();
      }
    for (const who of ["ann", "bob"]) people[who].assertNoComplaints();
  });
});
