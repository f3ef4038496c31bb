// Menus and small panels in the browser's top layer (the popover API): no clipping, Escape and a click outside close them.
import { type ComponentChildren, type VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./Icon";

const EDGE = 8;

/** A panel beside `anchor`, opened when rendered. */
export function Popover(props: { anchor: Element | null; label: string; role?: "menu" | "dialog"; onClose: () => void; children: ComponentChildren; class?: string }): VNode {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const panel = box.current;
    if (!panel) return;
    panel.showPopover();
    const at = (props.anchor ?? document.body).getBoundingClientRect();
    const size = panel.getBoundingClientRect();
    const below = at.bottom + 4 + size.height <= innerHeight - EDGE;
    panel.style.left = `${Math.max(EDGE, Math.min(at.right - size.width, innerWidth - size.width - EDGE))}px`;
    panel.style.top = `${Math.max(EDGE, below ? at.bottom + 4 : at.top - size.height - 4)}px`;
    panel.querySelector<HTMLElement>("button, input")?.focus();
  }, []);
  useEffect(() => {
    const panel = box.current;
    const before = props.anchor;
    const toggled = (event: Event) => {
      if ((event as ToggleEvent).newState === "closed") props.onClose();
    };
    panel?.addEventListener("toggle", toggled);
    return () => {
      panel?.removeEventListener("toggle", toggled);
      // Only if the focus was lost with the panel: a choice may have put it elsewhere.
      if (before instanceof HTMLElement && before.isConnected && (document.activeElement === document.body || panel?.contains(document.activeElement))) before.focus();
    };
  }, []);
  return (
    <div
      ref={box}
      popover="auto"
      class={`popover ${props.class ?? ""}`}
      role={props.role ?? "dialog"}
      aria-label={props.label}
      onKeyDown={(event) => {
        if (props.role === "menu") rove(event, box.current, "button", "column");
      }}
    >
      {props.children}
    </div>
  );
}

/** Gives the focus back before a panel goes: afterwards the row that the anchor stands in may have lost it, and its tools with it. */
export function focusBack(anchor: Element | null): void {
  if (anchor instanceof HTMLElement) anchor.focus();
}

export interface Choice {
  icon: IconName;
  text: string;
  danger?: boolean;
  act: () => void;
}

export function Menu(props: { anchor: Element | null; label: string; choices: readonly Choice[]; onClose: () => void }): VNode {
  return (
    <Popover anchor={props.anchor} label={props.label} role="menu" onClose={props.onClose} class="menu">
      {props.choices.map((c) => (
        <button
          key={c.text}
          type="button"
          role="menuitem"
          class={`menu-item ${c.danger ? "danger" : ""}`}
          onClick={() => {
            focusBack(props.anchor);
            props.onClose();
            c.act();
          }}
        >
          <Icon name={c.icon} />
          {c.text}
        </button>
      ))}
    </Popover>
  );
}

/** Moves the focus among the items of a list by arrow keys, Home and End. Answers whether the key was one of these. */
export function rove(event: KeyboardEvent, within: Element | null, items: string, along: "column" | "row" | "grid", columns = 1): boolean {
  if (!within || event.altKey || event.ctrlKey || event.metaKey) return false;
  const all = [...within.querySelectorAll<HTMLElement>(items)].filter((e) => !e.hasAttribute("disabled"));
  const at = all.indexOf(document.activeElement as HTMLElement);
  let to = -1;
  if (event.key === "Home") to = 0;
  else if (event.key === "End") to = all.length - 1;
  else if (event.key === "ArrowDown" && along !== "row") to = at + columns;
  else if (event.key === "ArrowUp" && along !== "row") to = at - columns;
  else if (event.key === "ArrowRight" && along !== "column") to = at + 1;
  else if (event.key === "ArrowLeft" && along !== "column") to = at - 1;
  else return false;
  event.preventDefault();
  all[Math.max(0, Math.min(all.length - 1, to))]?.focus();
  return true;
}
