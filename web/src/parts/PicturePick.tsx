// Choosing the picture of a person or a room: shown large, with buttons to take another or none.
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import * as api from "../api";
import type { Id } from "../api";
import { attempt } from "../state/notices";
import { w } from "../words";
import { Face } from "./Avatar";

export function PicturePick(props: { id: Id; name: string; picture: Id | null; square?: boolean; change: (picture: Id | null) => Promise<unknown> }): VNode {
  const t = w.value;
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const run = async (act: () => Promise<unknown>) => {
    setBusy(true);
    await attempt(act, t.saved);
    setBusy(false);
  };
  const take = (file: File | undefined) => {
    if (!file) return;
    void run(async () => {
      const stored = await api.sendFile(file, file.name, null, () => {}, new AbortController().signal);
      await props.change(stored.id);
    });
  };
  return (
    <div class="hello">
      <Face id={props.id} name={props.name} picture={props.picture} size="l" square={props.square ?? false} />
      <div class="actions actions-left">
        <button type="button" class="button button-small" disabled={busy} onClick={() => input.current?.click()}>
          {t.picturePick}
        </button>
        {props.picture !== null && (
          <button type="button" class="button button-small" disabled={busy} onClick={() => void run(() => props.change(null))}>
            {t.pictureRemove}
          </button>
        )}
        <input
          ref={input}
          type="file"
          class="hidden"
          tabIndex={-1}
          aria-hidden="true"
          accept="image/png,image/jpeg,image/gif,image/webp"
          onChange={(e) => {
            take(e.currentTarget.files?.[0]);
            e.currentTarget.value = "";
          }}
        />
      </div>
    </div>
  );
}
