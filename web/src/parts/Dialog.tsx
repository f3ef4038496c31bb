// Modal questions on the browser's own <dialog>: focus stays inside, Escape closes, focus returns to where it was.
import { signal } from "@preact/signals";
import { type ComponentChildren, type VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { w } from "../words";
import { IconButton } from "./Icon";

export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean; bare?: boolean }): VNode {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    // A tool of a message goes when the focus leaves the message; then the message itself is where one was.
    const around = before?.parentElement?.closest<HTMLElement>("[tabindex]");
    box.current?.showModal();
    return () => {
      const back = before?.isConnected ? before : around;
      if (back instanceof HTMLElement && back.isConnected) back.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={`dialog ${props.wide ? "dialog-wide" : ""} ${props.bare ? "dialog-bare" : ""}`}
      aria-label={props.title}
      onClose={props.onClose}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === box.current) props.onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2>{props.title}</h2>
          <IconButton name="close" label={w.value.close} onClick={props.onClose} />
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text: string;
  act: string;
  danger: boolean;
  answer: (yes: boolean) => void;
}
const question = signal<Question | null>(null);

/** Asks before something that cannot be undone. */
export function confirm(title: string, text: string, act: string, danger = true): Promise<boolean> {
  return new Promise((answer) => {
    question.value = { title, text, act, danger, answer };
  });
}

export function Confirming(): VNode | null {
  const q = question.value;
  if (!q) return null;
  const end = (yes: boolean) => {
    question.value = null;
    q.answer(yes);
  };
  return (
    <Dialog title={q.title} onClose={() => end(false)}>
      <p>{q.text}</p>
      <div class="actions">
        <button type="button" class="button" onClick={() => end(false)}>
          {w.value.cancel}
        </button>
        <button type="button" class={`button ${q.danger ? "button-danger" : "button-main"}`} onClick={() => end(true)}>
          {q.act}
        </button>
      </div>
    </Dialog>
  );
}
