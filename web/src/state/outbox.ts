// Messages on their way: kept in the browser until the server has acknowledged them, sent in order per room, tried again while
// that may help. The client key makes a repeat harmless, also from two tabs or after a reload.
import { signal } from "@preact/signals";
import type { Id, Message, NewMessage, Segment } from "../api";
import { Problem } from "../api";

export interface Parcel {
  key: string;
  room: Id;
  text: string;
  segments: Segment[];
  reply_to?: number;
  mentions: Id[];
  at: number;
  state: "waiting" | "sending" | "failed";
  why?: string;
  /** The code of the refusal, for languages that have their own words for it. */
  code?: string;
  tries: number;
}

/** What the outbox needs of the browser's storage. */
export interface Shelf {
  keys(): string[];
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export const PARCELS_MOST = 200;
export const SHELF_BYTES_MOST = 512 * 1024;
const WAIT_MOST_MS = 30_000;

/** A fresh client key (UUID v4). By hand, because the browser's own is missing on a page without TLS. */
export function freshKey(): string {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export const wait = (tries: number): number => Math.min(WAIT_MOST_MS, 1000 * 2 ** Math.min(tries, 8));

/** Which parcels may leave now: the oldest waiting one of each room in which nothing is on its way. */
export function due(parcels: readonly Parcel[]): Parcel[] {
  const busy = new Set<Id>();
  for (const p of parcels) if (p.state === "sending") busy.add(p.room);
  const out: Parcel[] = [];
  for (const p of [...parcels].sort((a, b) => a.at - b.at)) {
    if (p.state !== "waiting" || busy.has(p.room)) continue;
    busy.add(p.room);
    out.push(p);
  }
  return out;
}

function revive(text: string): Parcel | null {
  try {
    const p = JSON.parse(text) as Parcel;
    if (typeof p.key !== "string" || typeof p.room !== "number" || typeof p.text !== "string") return null;
    return { ...p, state: p.state === "failed" ? "failed" : "waiting", tries: 0 };
  } catch {
    return null;
  }
}

export class Outbox {
  readonly parcels = signal<readonly Parcel[]>([]);
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #open = true;

  constructor(
    readonly shelf: Shelf,
    readonly prefix: string,
    readonly send: (room: Id, b: NewMessage) => Promise<Message>,
    readonly sent: (message: Message) => void,
    readonly now: () => number = Date.now,
  ) {
    const kept = shelf
      .keys()
      .filter((k) => k.startsWith(prefix))
      .map((k) => revive(shelf.get(k) ?? ""))
      .filter((p): p is Parcel => p !== null);
    this.parcels.value = kept.sort((a, b) => a.at - b.at);
    this.#last = kept.reduce((most, p) => Math.max(most, p.at), 0);
  }

  /** Takes a message to send; `false` when the shelf is full, then nothing was taken. */
  add(room: Id, b: NewMessage): boolean {
    // Strictly rising, so that the order of a burst within one millisecond survives a reload.
    this.#last = Math.max(this.now(), this.#last + 1);
    const parcel: Parcel = { key: b.client_key, room, text: b.text ?? "", segments: b.segments ?? [], mentions: b.mentions ?? [], at: this.#last, state: "waiting", tries: 0 };
    if (b.reply_to !== undefined) parcel.reply_to = b.reply_to;
    const bytes = this.parcels.value.reduce((sum, p) => sum + p.text.length, parcel.text.length);
    if (this.parcels.value.length >= PARCELS_MOST || bytes > SHELF_BYTES_MOST || !this.#keep(parcel)) return false;
    this.parcels.value = [...this.parcels.value, parcel];
    this.pump();
    return true;
  }

  /** The server has it, told by the answer or by the live event, whichever came first. */
  arrived(key: string): void {
    if (!this.parcels.value.some((p) => p.key === key)) return;
    this.shelf.remove(this.prefix + key);
    this.parcels.value = this.parcels.value.filter((p) => p.key !== key);
  }

  discard(key: string): void {
    this.arrived(key);
  }

  /** Tries a failed parcel again. */
  retry(key: string): void {
    this.#set(key, { state: "waiting", tries: 0, why: undefined, code: undefined });
    this.pump();
  }

  /** Tries everything that waits, at once: the connection is back. */
  hurry(): void {
    this.pump();
  }

  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  pump(): void {
    if (!this.#open) return;
    clearTimeout(this.#timer);
    for (const p of due(this.parcels.value)) void this.#ship(p);
  }

  async #ship(parcel: Parcel): Promise<void> {
    this.#set(parcel.key, { state: "sending" });
    const body: NewMessage = { client_key: parcel.key };
    if (parcel.text) body.text = parcel.text;
    if (parcel.segments.length) body.segments = parcel.segments;
    if (parcel.mentions.length) body.mentions = parcel.mentions;
    if (parcel.reply_to !== undefined) body.reply_to = parcel.reply_to;
    try {
      const message = await this.send(parcel.room, body);
      this.sent(message);
      this.arrived(parcel.key);
      this.pump();
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, "offline", String(error));
      if (problem.status === 401) return this.#set(parcel.key, { state: "waiting" });
      if (!problem.passing && problem.field === "mentions" && parcel.mentions.length > 0) {
        // Somebody it names has left meanwhile: the words still go, the mark does not.
        this.#set(parcel.key, { state: "waiting", mentions: [] });
        return this.pump();
      }
      if (!problem.passing) {
        this.#set(parcel.key, { state: "failed", why: problem.detail, code: problem.code });
        return this.pump();
      }
      const tries = parcel.tries + 1;
      this.#set(parcel.key, { state: "waiting", tries });
      clearTimeout(this.#timer);
      if (this.#open) this.#timer = setTimeout(() => this.pump(), Math.max(problem.retryAfterMs ?? 0, wait(parcel.tries)));
    }
  }

  #set(key: string, to: Partial<Parcel>): void {
    this.parcels.value = this.parcels.value.map((p) => {
      if (p.key !== key) return p;
      const fresh = { ...p, ...to };
      this.#keep(fresh);
      return fresh;
    });
  }

  #keep(parcel: Parcel): boolean {
    try {
      this.shelf.set(this.prefix + parcel.key, JSON.stringify(parcel));
      return true;
    } catch {
      // The browser's storage is full or forbidden.
      return false;
    }
  }
}
