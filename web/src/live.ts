// The live socket: connects, greets, hands each frame to the rules of `state/resync.ts` and does what they say.
import { signal } from "@preact/signals";
import * as api from "./api";
import { asleep, type Effect, type Frame, step, type Input } from "./state/resync";

export type Line = "off" | "connecting" | "up" | "down";
/** How the connection stands, for the banner. */
export const line = signal<Line>("off");
/** When the next try is due (ms since 1970), for the banner. */
export const nextTryAt = signal(0);

interface Listener {
  apply(frame: Frame): void;
  reload(): void;
  caughtUp(): void;
  signedOut(): void;
}

const OPEN_TIMEOUT_MS = 10_000;

let sync = asleep();
let socket: WebSocket | null = null;
let timer = 0;
let listener: Listener | null = null;

export function start(to: Listener): void {
  stop();
  listener = to;
  connect();
}

export function stop(): void {
  listener = null;
  sync = asleep();
  clearTimeout(timer);
  drop();
  line.value = "off";
}

/** Tries at once: the person asked, the network came back, or the page came to the front. */
export function retryNow(): void {
  if (listener && !socket) connect();
}

/** Sends a transient frame; lost when there is no connection, which is what typing and presence deserve. */
export function tell(frame: unknown): void {
  if (socket?.readyState === WebSocket.OPEN && sync.phase !== "greeting") socket.send(JSON.stringify(frame));
}

function drop(): void {
  const old = socket;
  socket = null;
  if (!old) return;
  old.onopen = old.onmessage = old.onclose = null;
  old.close();
}

function connect(): void {
  clearTimeout(timer);
  drop();
  if (line.value !== "down") line.value = "connecting";
  const fresh = new WebSocket(api.liveUrl());
  socket = fresh;
  timer = window.setTimeout(() => lost(1006), OPEN_TIMEOUT_MS);
  fresh.onopen = () => feed({ is: "opened" });
  fresh.onmessage = (event) => {
    let frame: Frame;
    try {
      frame = JSON.parse(String(event.data)) as Frame;
    } catch {
      return;
    }
    feed({ is: "frame", frame });
  };
  fresh.onclose = (event) => lost(event.code);
}

function lost(code: number): void {
  clearTimeout(timer);
  const greeted = sync.phase !== "down" && sync.phase !== "greeting";
  drop();
  feed({ is: "closed", code });
  // A refused upgrade does not say why; the ordinary call does, and a 401 there signs us out.
  if (!greeted && listener && navigator.onLine) api.me().catch(() => {});
}

function feed(input: Input): void {
  const [next, effects] = step(sync, input, Math.random());
  sync = next;
  if (sync.phase === "live" || sync.phase === "replaying") {
    clearTimeout(timer);
    line.value = "up";
  }
  for (const effect of effects) perform(effect);
}

function perform(effect: Effect): void {
  switch (effect.do) {
    case "hello":
      socket?.send(JSON.stringify({ hello: { epoch: effect.epoch, since: effect.since } }));
      break;
    case "apply":
      listener?.apply(effect.frame);
      break;
    case "reload":
      listener?.reload();
      break;
    case "caught-up":
      listener?.caughtUp();
      break;
    case "retry":
      if (!listener) break;
      line.value = "down";
      nextTryAt.value = Date.now() + effect.afterMs;
      timer = window.setTimeout(connect, effect.afterMs);
      break;
    case "signed-out":
      listener?.signedOut();
      break;
  }
}

addEventListener("online", retryNow);
addEventListener("offline", () => {
  if (listener && socket) lost(1006);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") retryNow();
});
