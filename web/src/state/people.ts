// Who is who: accounts by number, fetched once when first needed, with presence and typing on top.
import { type Signal, signal } from "@preact/signals";
import * as api from "../api";
import type { Account, Id, Me, Presence } from "../api";

const known = new Map<Id, Signal<Account | null>>();
const wanted: Id[] = [];
let fetching = 0;
const FETCHES_AT_ONCE = 4;

/** The account as far as it is known; asks the server for a stranger. */
export function person(id: Id): Signal<Account | null> {
  let found = known.get(id);
  if (!found) {
    found = signal(null);
    known.set(id, found);
    wanted.push(id);
    pump();
  }
  return found;
}

export function learn(account: Account): void {
  const found = known.get(account.id);
  if (found) found.value = account;
  else known.set(account.id, signal(account));
}

export function learnMe(me: Me): void {
  learn({ id: me.id, handle: me.handle, display_name: me.display_name, avatar: me.avatar, status: me.status, bio: me.bio, presence: "online", friend: "none" });
}

/** Reads an account again that changed, if anybody looks at it. */
export function refresh(id: Id): void {
  if (!known.has(id)) return;
  wanted.push(id);
  pump();
}

export function setPresence(id: Id, presence: Presence): void {
  const found = known.get(id);
  if (found?.value) found.value = { ...found.value, presence };
}

export function forgetPeople(): void {
  known.clear();
  wanted.length = 0;
  typing.value = new Map();
}

function pump(): void {
  while (fetching < FETCHES_AT_ONCE && wanted.length > 0) {
    const id = wanted.shift() as Id;
    fetching++;
    api
      .account(id)
      .then(learn, () => {})
      .finally(() => {
        fetching--;
        pump();
      });
  }
}

export const nameOf = (a: Account | null | undefined): string => (a ? a.alias || a.display_name || a.handle : "…");

const TYPING_MS = 6000;
/** Who types where, with the time at which it is no longer believed. */
export const typing = signal<ReadonlyMap<Id, ReadonlyMap<Id, number>>>(new Map());

export function types(room: Id, who: Id, on: boolean): void {
  const inRoom = new Map(typing.value.get(room));
  if (on) inRoom.set(who, Date.now() + TYPING_MS);
  else if (!inRoom.delete(who)) return;
  typing.value = new Map(typing.value).set(room, inRoom);
  if (on)
    setTimeout(() => {
      const until = typing.value.get(room)?.get(who);
      if (until !== undefined && until <= Date.now()) types(room, who, false);
    }, TYPING_MS + 50);
}
