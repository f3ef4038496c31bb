// Small parts that all screens about machines share: the state as word, colour and sign; a line to copy; a secret shown once.
import { type ComponentChildren, type VNode } from "preact";
import type { Machine } from "../../api-machines";
import { Dialog } from "../../parts/Dialog";
import { Icon, type IconName } from "../../parts/Icon";
import { ago } from "../../parts/span";
import { notify } from "../../state/notices";
import { nameOf, person } from "../../state/people";
import { w } from "../../words";
import { m } from "../../words/machines";

const SIGNS: Record<string, IconName> = { active: "check", inactive: "clock", released: "leave", banned: "ban" };

export function StateTag(props: { state: string }): VNode {
  const { state } = props;
  return (
    <span class={`tag state state-${state}`}>
      <Icon name={SIGNS[state] ?? "machine"} class="icon-small" /> {m.value.states[state] ?? state}
    </span>
  );
}

/** A word with a sign and one of the four colours that mean something: good, warn, bad, quiet. */
export function Badge(props: { icon: IconName; kind: "good" | "warn" | "bad" | "quiet"; text: string }): VNode {
  return (
    <span class={`tag state badge-${props.kind}`}>
      <Icon name={props.icon} class="icon-small" /> {props.text}
    </span>
  );
}

export const nameOfMachine = (of: Pick<Machine, "id" | "name">): string => of.name || m.value.machine(of.id);
export const who = (id: number): string => nameOf(person(id).value);

/** When it was seen last, for a list. */
export const seenWords = (of: Machine, now: number): string => (of.last_seen ? m.value.seen(ago(of.last_seen, now)) : m.value.neverSeen);

export async function copy(text: string): Promise<void> {
  const t = w.value;
  try {
    await navigator.clipboard.writeText(text);
    notify("done", t.copied);
  } catch {
    notify("error", t.somethingWrong);
  }
}

/** A line to be typed or pasted elsewhere. */
export function CopyLine(props: { label: string; text: string }): VNode {
  return (
    <div class="copy-line">
      <input type="text" class="mono" readOnly aria-label={props.label} value={props.text} onFocus={(e) => e.currentTarget.select()} />
      <button type="button" class="button" aria-label={`${m.value.copy}: ${props.label}`} onClick={() => void copy(props.text)}>
        <Icon name="copy" /> <span class="wide-only">{m.value.copy}</span>
      </button>
    </div>
  );
}

/** What to type on a computer to bind it. */
export const registerCommand = (replaced?: number): string => `chatelaine machine register --server ${location.origin}${replaced === undefined ? "" : ` --replace ${replaced}`}`;

/** A secret that is shown this once. */
export function Once(props: { title: string; text: string; secret: string; onClose: () => void }): VNode {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.text}</p>
      <CopyLine label={props.title} text={props.secret} />
    </Dialog>
  );
}

/** Names and what they say, one below the other on a phone. */
export function Pairs(props: { of: readonly (readonly [string, ComponentChildren])[]; label: string }): VNode {
  return (
    <dl class="pairs box" aria-label={props.label}>
      {props.of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Hands a text over as a file. */
export function saveAs(name: string, text: string, type = "text/plain"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Reads the next part of a list. */
export function More(props: { of: { more: () => void } }): VNode {
  return (
    <button type="button" class="button" onClick={props.of.more}>
      {w.value.showMore}
    </button>
  );
}
