// The real binary, started on a folder of its own, killed without warning and started again. CHATELAINE_BIN says where it is.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const BINARY = resolve(process.env.CHATELAINE_BIN || join(import.meta.dirname, "../../target/release/chatelaine"));
const UI = join(import.meta.dirname, "../../web/dist/index.html");
const START_MS = 60_000;

/** Asks until the answer is a truth, or fails at the deadline. */
export async function until(what, ask, deadlineMs = 20_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`);
    await pause(50);
  }
}

export class Server {
  #child = null;
  #printed = "";
  port = 0;

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), "chatelaine-browser-"));
  }

  async start() {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: build it, or set CHATELAINE_BIN`);
    const ready = join(this.dir, `ready-${Date.now()}.json`);
    const options = ["serve", "--data", join(this.dir, "data"), "--listen", `127.0.0.1:${this.port}`, "--ready-file", ready];
    // People in a test are faster than people; the limits have tests of their own.
    options.push("--set", "rate_limit.enabled=false");
    this.#printed = "";
    const child = spawn(BINARY, options, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes) => {
        this.#printed += bytes;
      });
    await until(
      "the server to be ready",
      () => {
        if (child.exitCode !== null) throw new Error(`the server ended by itself:\n${this.#printed}`);
        return existsSync(ready);
      },
      START_MS,
    );
    const said = JSON.parse(readFileSync(ready, "utf8"));
    this.port = Number(said.address.split(":").pop());
    this.pid = said.pid;
    await this.#carriesTheBuiltUi();
  }

  /** The UI is in the binary: one that was built before web/dist would fail many tests, and none would say why. */
  async #carriesTheBuiltUi() {
    if (!existsSync(UI)) return;
    const served = await (await fetch(this.plain)).text();
    if (served !== readFileSync(UI, "utf8")) throw new Error(`${BINARY} carries another web UI than web/dist: run \`touch src/serve/assets.rs\`, then build it again`);
  }

  get plain() {
    return `http://127.0.0.1:${this.port}`;
  }
  get secure() {
    return `https://127.0.0.1:${this.port}`;
  }
  get printed() {
    return this.#printed;
  }

  /** The one-time token that the console shows at the first start. */
  async setupToken() {
    return until("the setup token on the console", () => /#\/setup\?token=([\w-]+)/.exec(this.#printed)?.[1]);
  }

  /** Ends the process as a power cut would: no goodbye, nothing flushed. */
  async kill() {
    const child = this.#child;
    process.kill(child.pid, "SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  async stop() {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await Promise.race([once(child, "exit"), pause(15_000)]);
      if (child.exitCode === null && child.signalCode === null) await this.kill();
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A call of the API as a program makes it; for what a test needs but is not about. */
  async call(method, path, body, token) {
    const headers = { ...(body ? { "Content-Type": "application/json" } : {}), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(`${this.plain}/api/v1${path}`, { method, headers, body: body ? JSON.stringify(body) : undefined });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }
}
