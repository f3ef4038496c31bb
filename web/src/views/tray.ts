// The files that wait in a composer, on their way up while the text is still being written.
import { type Signal, effect, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Id } from "../api";
import { line } from "../live";
import { server } from "../state/app";
import { notify } from "../state/notices";
import { Sending } from "../state/uploads";
import { w } from "../words";

const FILES_MOST = 20;

export interface Tray {
  files: Signal<readonly Sending[]>;
  add: (files: FileList | readonly File[] | null | undefined) => void;
  remove: (one: Sending) => void;
  /** Empties the tray after its files were sent. */
  clear: () => void;
}

export function useTray(room: Id): Tray {
  const files = useSignal<readonly Sending[]>([]);
  useEffect(() => {
    // What broke off because the server was away goes on by itself when it is back.
    const stop = effect(() => {
      if (line.value !== "up") return;
      for (const f of files.peek()) if (f.state.peek() === "failed" && f.passing) void f.go();
    });
    return () => {
      stop();
      for (const f of files.value) f.cancel();
    };
  }, []);
  return useMemo(
    () => ({
      files,
      add(list) {
        const most = server.value?.limits.upload_bytes ?? Number.POSITIVE_INFINITY;
        for (const file of list ?? []) {
          if (files.value.length >= FILES_MOST) {
            notify("error", w.value.tooManyFiles(FILES_MOST));
            return;
          }
          if (file.size > most) notify("error", w.value.fileTooBig(file.name));
          else files.value = [...files.value, new Sending(file, room)];
        }
      },
      remove(one) {
        one.cancel();
        files.value = files.value.filter((f) => f !== one);
      },
      clear() {
        for (const f of files.value) f.release();
        files.value = [];
      },
    }),
    [room],
  );
}
