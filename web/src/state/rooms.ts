// The rooms of the person: the list with its marks, and the timeline of each room that was opened.
import { computed, type Signal, signal } from "@preact/signals";
import * as api from "../api";
import type { Id, Member, Message, RoomSummary } from "../api";
import { keep, kept } from "./kept";
import { further } from "./marks";
import { learn } from "./people";
import * as run from "./window";

export const rooms = signal<ReadonlyMap<Id, RoomSummary>>(new Map());
export const roomsState = signal<"loading" | "ready" | "failed">("loading");
const ROOMS_MOST = 1000;

const activity = (s: RoomSummary): string => s.last_message?.sent_at ?? s.room.created_at;
export const inOrder = computed(() => [...rooms.value.values()].sort((a, b) => (activity(a) < activity(b) ? 1 : -1)));
/** Rooms with something unread that the person wants to hear of. */
export const unreadRooms = computed(() => inOrder.value.filter((s) => wantsNotice(s)).length);
const wantsNotice = (s: RoomSummary): boolean => (s.me.notify === "all" ? s.unread > 0 : s.me.notify === "mentions" && s.mentioned);

let loads = 0;
export async function loadRooms(): Promise<void> {
  const mine = ++loads;
  try {
    const list = await api.all(api.rooms, ROOMS_MOST);
    if (mine !== loads) return;
    for (const s of list) if (s.peer) learn(s.peer);
    const fresh = new Map(list.map((s) => [s.room.id, s]));
    // What arrived live while the list was on its way is newer than the list.
    for (const [id, told] of fresh) {
      const old = rooms.value.get(id);
      const s = { ...told, others: further(told.others, old?.others) };
      const behind = old && old.room.last_offset > s.room.last_offset;
      fresh.set(id, behind ? { ...s, room: { ...s.room, last_offset: old.room.last_offset }, last_message: old.last_message, unread: old.unread } : s);
    }
    rooms.value = fresh;
    roomsState.value = "ready";
  } catch {
    if (mine === loads && roomsState.value === "loading") roomsState.value = "failed";
  }
}

let again: ReturnType<typeof setTimeout> | undefined;
/** Reads the list soon; several reasons at once make one read. */
export function loadRoomsSoon(): void {
  clearTimeout(again);
  again = setTimeout(() => void loadRooms(), 150);
}

export function changeSummary(id: Id, to: (s: RoomSummary) => RoomSummary): void {
  const old = rooms.value.get(id);
  if (!old) return;
  const fresh = to(old);
  if (fresh !== old) rooms.value = new Map(rooms.value).set(id, fresh);
}
export function addSummary(s: RoomSummary): void {
  if (s.peer) learn(s.peer);
  rooms.value = new Map(rooms.value).set(s.room.id, s);
}
export function dropRoom(id: Id): void {
  const fresh = new Map(rooms.value);
  if (!fresh.delete(id)) return;
  rooms.value = fresh;
  timelines.delete(id);
}

/** A room's log as far as this page holds it. */
export class Timeline {
  readonly run = signal<run.Run>(run.nothing);
  readonly state = signal<"loading" | "ready" | "failed">("loading");
  readonly busy = signal<"old" | "new" | null>(null);
  /** Read marker at the time the room was opened: where the unread line stands. */
  readonly lineAfter = signal<number | null>(null);
  /** Where the view should go next; the view clears it. */
  readonly target = signal<{ offset: number; mark: boolean } | "end" | null>(null);
  readonly members = signal<readonly Member[] | null>(null);

  constructor(readonly room: Id) {}

  /** Opens at the unread line, or at the end if all is read. */
  async open(): Promise<void> {
    const s = rooms.value.get(this.room);
    const read = s?.me.read_offset ?? 0;
    this.lineAfter.value = s && s.unread > 0 ? read : null;
    if (s && s.unread > run.PAGE / 2) await this.goTo(read + 1, false);
    else await this.toEnd();
  }

  async toEnd(): Promise<void> {
    if (this.state.value === "ready" && run.atEnd(this.run.value)) {
      this.target.value = "end";
      return;
    }
    await this.#fetch(() => api.messages(this.room, { limit: run.PAGE }), "end");
  }

  async goTo(offset: number, mark = true): Promise<void> {
    if (run.find(this.run.value, offset) >= 0) {
      this.target.value = { offset, mark };
      return;
    }
    await this.#fetch(() => api.messages(this.room, { around: offset, limit: run.PAGE }), { offset, mark });
  }

  async #fetch(ask: () => Promise<api.Messages>, target: NonNullable<Timeline["target"]["value"]>): Promise<void> {
    if (this.state.value === "failed") this.state.value = "loading";
    try {
      const page = await ask();
      // What came live while the page was on its way stays, if the two touch.
      this.run.value = run.join(this.run.value, page) ?? run.fromPage(page, this.run.value.last);
      this.state.value = "ready";
      this.target.value = target;
    } catch {
      if (this.state.value === "loading") this.state.value = "failed";
    }
  }

  async more(side: "old" | "new"): Promise<void> {
    const now = this.run.value;
    if (this.busy.value || now.items.length === 0 || (side === "old" ? run.atStart(now) : run.atEnd(now))) return;
    this.busy.value = side;
    try {
      const page = await api.messages(this.room, side === "old" ? { before: run.head(now), limit: run.PAGE } : { after: run.tail(now), limit: run.PAGE });
      const joined = run.join(this.run.value, page);
      if (joined) this.run.value = run.cut(joined, run.RUN_MOST, side === "old" ? "old" : "new");
    } catch {
      // The banner says that the line is down; the next scroll tries again.
    } finally {
      this.busy.value = null;
    }
  }

  /** Reads again what may have changed while the line was down. */
  async renew(): Promise<void> {
    const now = this.run.value;
    if (now.items.length === 0) return this.toEnd();
    const wasAtEnd = run.atEnd(now);
    try {
      const page = await api.messages(this.room, wasAtEnd ? { limit: run.PAGE } : { around: run.head(now) + Math.floor(now.items.length / 2), limit: run.PAGE });
      this.run.value = run.join(this.run.value, page) ?? run.fromPage(page, 0);
    } catch {
      // As above.
    }
  }

  take(message: Message): void {
    const placed = run.place(this.run.value, message);
    this.run.value = placed.run;
    if (placed.hole) void this.renew();
  }

  change(offset: number, to: (m: Message) => Message): void {
    this.run.value = run.change(this.run.value, offset, to);
  }

  async loadMembers(): Promise<void> {
    try {
      const list = await api.all((after) => api.members(this.room, after), 1000);
      for (const m of list) learn(m.account);
      this.members.value = list;
    } catch {
      this.members.value ??= [];
    }
  }
}

const timelines = new Map<Id, Timeline>();
const TIMELINES_MOST = 12;

export function timeline(id: Id): Timeline {
  let found = timelines.get(id);
  if (found) timelines.delete(id);
  else found = new Timeline(id);
  // The map remembers the order of use: the oldest goes first.
  timelines.set(id, found);
  for (const old of timelines.keys()) {
    if (timelines.size <= TIMELINES_MOST) break;
    timelines.delete(old);
  }
  return found;
}
export const heldTimeline = (id: Id): Timeline | undefined => timelines.get(id);
export const heldTimelines = (): Timeline[] => [...timelines.values()];

export function forgetRooms(): void {
  loads++;
  timelines.clear();
  drafts.clear();
  rooms.value = new Map();
  roomsState.value = "loading";
}

const readSoon = new Map<Id, { offset: number; timer: ReturnType<typeof setTimeout> }>();
const READ_DELAY_MS = 300;

/** Moves the read marker forward: here at once, at the server soon. */
export function markRead(id: Id, offset: number): void {
  const s = rooms.value.get(id);
  if (!s || offset <= s.me.read_offset) return;
  changeSummary(id, (old) => {
    const unread = Math.max(0, old.room.last_offset - offset);
    return { ...old, me: { ...old.me, read_offset: offset }, unread, mentioned: unread > 0 && old.mentioned };
  });
  clearTimeout(readSoon.get(id)?.timer);
  const timer = setTimeout(() => {
    readSoon.delete(id);
    api.markRead(id, offset).catch(() => {});
  }, READ_DELAY_MS);
  readSoon.set(id, { offset, timer });
}

let drafter: Id = 0;
const drafts = new Map<Id, Signal<string>>();
const draftKey = (id: Id): string => `ch.draft.${drafter}.${id}`;
/** Whose drafts these are: two people at one browser do not see each other's words. */
export function draftsOf(who: Id): void {
  drafter = who;
  drafts.clear();
}
export function draft(id: Id): Signal<string> {
  let found = drafts.get(id);
  if (!found) drafts.set(id, (found = signal(kept(draftKey(id)) ?? "")));
  return found;
}
export function setDraft(id: Id, text: string): void {
  draft(id).value = text;
  keep(draftKey(id), text === "" ? null : text.slice(0, 16_000));
}
