// Runs the checks of page.mjs in headless Chromium: from the server's own origin as a panel does, and from a page of another origin, in
// both forms, over HTTP/1.1 in the clear and HTTP/2 by TLS. Told what to do by one line of JSON on the standard input; tells what passed.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const job = JSON.parse(await text(process.stdin));

if (job.build) {
  await build({
    entryPoints: [join(import.meta.dirname, "page.mjs")],
    outfile: join(job.page, "page.js"),
    bundle: true,
    format: "iife",
    logLevel: "warning",
    nodePaths: [job.stubs, join(import.meta.dirname, "../node_modules")],
  });
  process.exit(0);
}

/** A page of another origin: the same files, served from elsewhere. */
const elsewhere = createServer(async (request, answer) => {
  const name = request.url === "/page.js" ? "page.js" : "index.html";
  answer.setHeader("content-type", name === "page.js" ? "text/javascript" : "text/html");
  answer.end(await readFile(join(job.page, name)));
});
await new Promise((listening) => elsewhere.listen(0, "127.0.0.1", listening));
const other = `http://127.0.0.1:${elsewhere.address().port}`;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ARGUMENTS });
const told = [];

async function from(origin, visit) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.exposeFunction("sha3", (body) => createHash("sha3-256").update(Buffer.from(body, "hex")).digest("hex"));
  await page.goto(origin);
  told.push(...(await visit(page)));
  await context.close();
}

const { plain, secure, limited, shut, key, wanted } = job;
const ways = [
  [plain, { name: "web, text, own origin with the prefix of the panel", base: `${plain}/backend`, format: "text" }],
  [secure, { name: "web, text, own origin by TLS", base: `${secure}/backend`, format: "text" }],
  [other, { name: "web, binary, other origin", base: plain, format: "binary" }],
  [other, { name: "web, text, other origin", base: plain, format: "text" }],
  [other, { name: "web, binary, other origin by TLS", base: secure, format: "binary" }],
];
try {
  for (const [origin, way] of ways) await from(origin, (page) => page.evaluate(([way, wanted]) => window.runChecks(way, wanted), [{ ...way, key }, wanted]));
  for (const [base, name] of [[limited, "a bare 429 is read as such"], [shut, "maintenance is read with code and text"]])
    for (const format of ["binary", "text"]) {
      const way = { name: `web, ${format}, other origin`, base, format };
      await from(other, (page) => page.evaluate(([name, way, wanted]) => window.runShut(name, way, wanted), [name, way, wanted]));
    }
} finally {
  await browser.close();
  elsewhere.close();
}
console.log(JSON.stringify(told));
