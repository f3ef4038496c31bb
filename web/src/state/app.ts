// The page as a whole: which phase it is in, who is signed in, and what each live event changes.
import { signal } from "@preact/signals";
import * as api from "../api";
import type { Id, Me, Message, Presence, Server } from "../api";
import * as live from "../live";
import { gist } from "../parts/gist";
import { until } from "../parts/time";
import { w } from "../words";
import { shelf } from "./kept";
import { notifyDesktop } from "./badge";
import { readUpTo } from "./marks";
import { notify, say } from "./notices";
import { Outbox } from "./outbox";
import { forgetPeople, learnMe, nameOf, person, refresh, setPresence, types } from "./people";
import { adoptPrefs } from "./prefs";
import type { Frame } from "./resync";
import { changeSummary, draftsOf, dropRoom, forgetRooms, heldTimeline, heldTimelines, loadRooms, loadRoomsSoon, rooms } from "./rooms";
import { go, numberAt, route } from "./route";
import { forgetFiles } from "./uploads";
import { reacted } from "./window";

export type Phase = "starting" | "unreachable" | "setup" | "out" | "in";
export const phase = signal<Phase>("starting");
export const server = signal<Server | null>(null);
export const me = signal<Me | null>(null);
export const outbox = signal<Outbox | null>(null);
/** Raised when such a list changed at the server; the screens that show one read it again. */
export const changed = { invites: signal(0), friends: signal(0), requests: signal(0), logins: signal(0), machines: signal(0), alerts: signal(0) };

export const isAdmin = (): boolean => (me.value?.server_role ?? null) !== null;

export async function start(): Promise<void> {
  api.whenSignedOut(() => {
    if (phase.value === "in") {
      notify("error", w.value.signedOutElsewhere);
      out();
    }
  });
  try {
    server.value = await api.server();
    if (server.value.setup_needed) {
      phase.value = "setup";
      return;
    }
    enter(await api.me());
  } catch (error) {
    phase.value = error instanceof api.Problem && error.status === 401 ? "out" : "unreachable";
  }
}

/** Somebody signed in. */
export function enter(who: Me): void {
  me.value = who;
  learnMe(who);
  draftsOf(who.id);
  outbox.value?.close();
  outbox.value = new Outbox(shelf, `ch.out.${who.id}.`, api.send, (m) => take(m, "answer"));
  phase.value = "in";
  if (server.value?.setup_needed) server.value = { ...server.value, setup_needed: false };
  live.start({ apply, reload, caughtUp, signedOut });
  void adoptPrefs();
}

/** Signed out here: nothing of the account stays on the page. */
export function out(): void {
  live.stop();
  outbox.value?.close();
  outbox.value = null;
  me.value = null;
  forgetRooms();
  forgetPeople();
  forgetFiles();
  phase.value = "out";
}

export async function signOut(): Promise<void> {
  await api.signOut().catch(() => {});
  out();
  go("/");
}

function signedOut(): void {
  if (phase.value !== "in") return;
  notify("error", w.value.signedOutElsewhere);
  out();
}

function reload(): void {
  void loadRooms();
  for (const t of heldTimelines()) {
    void t.renew();
    if (t.members.value) void t.loadMembers();
  }
  for (const c of Object.values(changed)) c.value++;
}

function caughtUp(): void {
  outbox.value?.hurry();
  live.tell({ presence: document.visibilityState === "visible" ? "online" : "away" });
}

/** Puts a message where it belongs: timeline, list, outbox. */
function take(m: Message, from: "live" | "answer"): void {
  const my = m.sender === me.value?.id;
  heldTimeline(m.room)?.take(m);
  if (my && m.client_key) outbox.value?.arrived(m.client_key);
  const known = rooms.value.get(m.room);
  if (!known) {
    loadRoomsSoon();
    return;
  }
  if (m.offset <= known.room.last_offset) return;
  const mention = !my && m.mentions.includes(me.value?.id ?? 0);
  changeSummary(m.room, (s) => {
    // One's own message is read by its writer, if nothing before it is unread.
    const read = my && s.unread === 0 ? m.offset : s.me.read_offset;
    return {
      ...s,
      room: { ...s.room, last_offset: m.offset },
      me: { ...s.me, read_offset: read },
      unread: Math.max(0, m.offset - read),
      mentioned: s.mentioned || mention,
      last_message: m,
    };
  });
  types(m.room, m.sender, false);
  if (my || from === "answer") return;
  delivered(m.room, m.offset);
  const wanted = known.me.notify === "all" || (known.me.notify === "mentions" && mention);
  const name = nameOf(person(m.sender).value);
  if (looking(m.room)) say(`${name}: ${gist(m)}`);
  else if (wanted) notifyDesktop(known.room.title || name, `${name}: ${gist(m)}`, m.room);
}

const arrivals = new Map<Id, number>();
let telling: ReturnType<typeof setTimeout> | undefined;
/** Tells the server what has arrived here, a burst of messages in one word per room: it bounds what a client may say. */
function delivered(room: Id, offset: number): void {
  arrivals.set(room, Math.max(offset, arrivals.get(room) ?? 0));
  telling ??= setTimeout(() => {
    telling = undefined;
    for (const [id, upTo] of [...arrivals].slice(0, 5)) {
      arrivals.delete(id);
      live.tell({ delivered: { room: id, offset: upTo } });
    }
  }, 1000);
}

/** Whether the person has this room before their eyes. */
export function looking(room: Id): boolean {
  return route.value.path[0] === "rooms" && numberAt(route.value, 1) === room && document.visibilityState === "visible" && document.hasFocus();
}

function replace(m: Message): void {
  heldTimeline(m.room)?.change(m.offset, () => m);
  changeSummary(m.room, (s) => (s.last_message?.offset === m.offset ? { ...s, last_message: m } : s));
}

export function applyReaction(room: Id, offset: number, emoji: string, who: Id, on: boolean): void {
  heldTimeline(room)?.change(offset, (m) => {
    const reactions = reacted(m.reactions, emoji, who, on);
    return reactions === m.reactions ? m : { ...m, reactions };
  });
}

export function applyRecall(room: Id, offset: number, by: Id, at: string): void {
  const gone = (m: Message): Message => ({ ...m, text: "", segments: [], reactions: [], mentions: [], recalled_at: at, recalled_by: by });
  heldTimeline(room)?.change(offset, gone);
  changeSummary(room, (s) => (s.last_message?.offset === offset ? { ...s, last_message: gone(s.last_message) } : s));
}

// The words of docs/web-api.md; an unknown kind is from a newer server and means nothing to this page.
function apply(frame: Frame): void {
  const d = (frame.d ?? {}) as Record<string, unknown>;
  const room = Number(d.room);
  const account = Number(d.account);
  switch (frame.t) {
    case "message":
      return take(d as unknown as Message, "live");
    case "message_edited":
      return replace(d as unknown as Message);
    case "message_recalled":
      return applyRecall(room, Number(d.offset), Number(d.by ?? d.recalled_by ?? 0), frame.at ?? String(d.recalled_at ?? ""));
    case "reaction":
      return applyReaction(room, Number(d.offset), String(d.emoji), account, d.on === true);
    case "read":
      return applyRead(room, account, Number(d.offset));
    case "typing":
      if (account !== me.value?.id) types(room, account, true);
      return;
    case "presence":
      return setPresence(account, String(d.state) as Presence);
    case "member":
      return applyMember(room, d.account === null ? null : account, String(d.change), String(d.until ?? ""));
    case "room":
      if (d.change === "deleted") return gone(room);
      return loadRoomsSoon();
    case "invite":
      changed.invites.value++;
      return;
    case "join_request":
      changed.requests.value++;
      return;
    case "friend":
      changed.friends.value++;
      return loadRoomsSoon();
    case "account":
      refresh(account);
      if (account === me.value?.id) api.me().then((fresh) => ((me.value = fresh), learnMe(fresh)), () => {});
      return;
    case "machine":
    case "check":
    case "mark":
    case "machine_notice":
    case "machine_offer":
      return soon("machines");
    case "machine_alert":
      return soon("alerts");
    case "login_ended":
      changed.logins.value++;
      return;
    case "settings":
      api.server().then((fresh) => (server.value = fresh), () => {});
      return;
    default:
      return;
  }
}

const due = new Set<"machines" | "alerts">();
/** Raises it once for a burst of events: of an import, or of the machines of everybody. */
function soon(what: "machines" | "alerts"): void {
  if (due.has(what)) return;
  due.add(what);
  setTimeout(() => {
    due.delete(what);
    changed[what].value++;
  }, 250);
}

function applyRead(room: Id, account: Id, offset: number): void {
  if (account === me.value?.id) {
    changeSummary(room, (s) => {
      if (offset <= s.me.read_offset) return s;
      const unread = Math.max(0, s.room.last_offset - offset);
      return { ...s, me: { ...s.me, read_offset: offset }, unread, mentioned: unread > 0 && s.mentioned };
    });
    return;
  }
  changeSummary(room, (s) => {
    const others = s.others && readUpTo(s.others, offset);
    return others === s.others ? s : { ...s, others };
  });
}

/** `account` null: it concerns everybody in the room. */
function applyMember(room: Id, account: Id | null, change: string, end: string): void {
  const mine = account === null || account === me.value?.id;
  if (account !== null && mine) {
    if (change === "left") return gone(room);
    if (change === "kicked") return gone(room, w.value.roomPutOut);
    if (change === "banned") return gone(room, (title) => w.value.roomBanned(title, end && until(end)));
  }
  const t = heldTimeline(room);
  if (t?.members.value) void t.loadMembers();
  if (mine || change === "joined" || change === "left" || change === "kicked" || change === "banned") loadRoomsSoon();
}

function gone(room: Id, words: (title: string) => string = w.value.roomGone): void {
  const title = rooms.value.get(room)?.room.title ?? "";
  const here = route.value.path[0] === "rooms" && numberAt(route.value, 1) === room;
  dropRoom(room);
  if (here) {
    go("/", "replace");
    if (title) notify("done", words(title));
  }
}

document.addEventListener("visibilitychange", () => {
  if (phase.value === "in") live.tell({ presence: document.visibilityState === "visible" ? "online" : "away" });
});
