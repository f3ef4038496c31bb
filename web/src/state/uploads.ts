// Files on their way up. A small one goes in one request; a large one in pieces, which go on where they stopped.
import { type Signal, signal } from "@preact/signals";
import * as api from "../api";
import type { Id, Segment, StoredFile, Upload } from "../api";
import { reason } from "./notices";

const WHOLE_BYTES_MOST = 8 * 1024 * 1024;
const CHUNK_TRIES = 3;

export class Sending {
  readonly progress = signal(0);
  readonly state = signal<"sending" | "done" | "failed">("sending");
  readonly why = signal("");
  /** Whether the same may work later, as it is: the server was away. */
  passing = false;
  readonly preview: string | null;
  stored: StoredFile | null = null;
  size: { width: number; height: number } | null = null;
  #stop = new AbortController();
  #upload: Id | null = null;

  constructor(
    readonly file: File,
    readonly room: Id | null,
  ) {
    this.preview = /^image\/(png|jpeg|gif|webp)$/.test(file.type) ? URL.createObjectURL(file) : null;
    void this.go();
  }

  async go(): Promise<void> {
    this.#stop = new AbortController();
    this.state.value = "sending";
    this.passing = false;
    try {
      this.stored = this.file.size <= WHOLE_BYTES_MOST ? await this.#whole() : await this.#pieces();
      if (this.preview && !(this.stored.width && this.stored.height)) this.size = await measure(this.preview);
      this.progress.value = 1;
      this.state.value = "done";
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.passing = error instanceof api.Problem && error.passing;
      this.why.value = reason(error);
      this.state.value = "failed";
    }
  }

  #whole(): Promise<StoredFile> {
    return api.sendFile(this.file, this.file.name, this.room, (n) => this.#sent(n), this.#stop.signal);
  }

  async #pieces(): Promise<StoredFile> {
    const started: { name: string; size: number; room?: Id } = { name: this.file.name, size: this.file.size };
    if (this.room !== null) started.room = this.room;
    let upload = (await this.#goneOn()) ?? (await api.startUpload(started));
    this.#upload = upload.id;
    this.#sent(upload.received);
    let failures = 0;
    while (upload.received < this.file.size) {
      try {
        if (failures > 0) upload = await api.uploadState(upload.id);
        const from = upload.received;
        const piece = this.file.slice(from, Math.min(this.file.size, from + upload.chunk_bytes), "application/octet-stream");
        await api.sendChunk(upload.id, from, piece, (n) => this.#sent(from + n), this.#stop.signal);
        upload = { ...upload, received: from + piece.size };
        failures = 0;
      } catch (error) {
        // "in-use": the server has not noticed yet that the last try broke off.
        if (!(error instanceof api.Problem) || !(error.passing || error.code === "in-use") || ++failures > CHUNK_TRIES) throw error;
        await new Promise((go) => setTimeout(go, error.retryAfterMs ?? 1000 * failures));
      }
    }
    return api.finishUpload(upload.id);
  }

  /** The upload that an earlier try began, if the server still has it. */
  async #goneOn(): Promise<Upload | null> {
    if (this.#upload === null) return null;
    try {
      return await api.uploadState(this.#upload);
    } catch (error) {
      if (error instanceof api.Problem && error.status === 404) return null;
      throw error;
    }
  }

  #sent(bytes: number): void {
    this.progress.value = this.file.size === 0 ? 0 : Math.min(0.99, bytes / this.file.size);
  }

  cancel(): void {
    this.#stop.abort();
    if (this.#upload !== null && this.state.value !== "done") api.dropUpload(this.#upload).catch(() => {});
    this.release();
  }

  release(): void {
    if (this.preview) URL.revokeObjectURL(this.preview);
  }

  segment(): Segment | null {
    const f = this.stored;
    if (!f) return null;
    const width = f.width ?? this.size?.width;
    const height = f.height ?? this.size?.height;
    return this.preview && width && height ? { kind: "image", file: f.id, width, height } : { kind: "file", file: f.id };
  }
}

function measure(url: string): Promise<{ width: number; height: number } | null> {
  return new Promise((done) => {
    const image = new Image();
    image.onload = () => done({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => done(null);
    image.src = url;
  });
}

const metas = new Map<Id, Signal<StoredFile | null | "gone">>();
/** What is known of a file in a message; asked for once. */
export function fileMeta(id: Id): Signal<StoredFile | null | "gone"> {
  let found = metas.get(id);
  if (!found) {
    const fresh = signal<StoredFile | null | "gone">(null);
    metas.set(id, (found = fresh));
    api.file(id).then(
      (f) => (fresh.value = f),
      (e: unknown) => {
        if (e instanceof api.Problem && !e.passing) fresh.value = "gone";
        else metas.delete(id);
      },
    );
  }
  return found;
}
export function forgetFiles(): void {
  metas.clear();
}
export function learnFile(f: StoredFile): void {
  metas.set(f.id, signal<StoredFile | null | "gone">(f));
}
