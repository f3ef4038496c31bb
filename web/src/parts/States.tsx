// What every screen needs when there is nothing, not yet, or no longer something to show; and the notices above all.
import { type ComponentChildren, type VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { line, nextTryAt, retryNow } from "../live";
import { dismiss, notices, spoken } from "../state/notices";
import { outbox } from "../state/app";
import { w } from "../words";
import { Icon, IconButton, type IconName } from "./Icon";

export function Empty(props: { icon: IconName; title: string; text?: string; children?: ComponentChildren }): VNode {
  return (
    <div class="empty">
      <Icon name={props.icon} />
      <p class="empty-title">{props.title}</p>
      {props.text && <p>{props.text}</p>}
      {props.children}
    </div>
  );
}

export function Waiting(): VNode {
  return (
    <div class="waiting" role="status">
      <span class="spinner" aria-hidden="true" />
      <span class="hidden">{w.value.loading}</span>
    </div>
  );
}

export function Failed(props: { text: string; again: () => void }): VNode {
  return (
    <div class="empty" role="alert">
      <Icon name="warn" />
      <p>{props.text}</p>
      <button type="button" class="button" onClick={props.again}>
        {w.value.tryAgain}
      </button>
    </div>
  );
}

/** Shows what a load has brought, or why not. */
export function Loaded<T>(props: { of: { value: T | null; error: string | null; again: () => void }; children: (value: T) => ComponentChildren }): VNode {
  const { value, error, again } = props.of;
  if (value !== null) return <>{props.children(value)}</>;
  return error ? <Failed text={error} again={again} /> : <Waiting />;
}

export function Notices(): VNode {
  return (
    <>
      <div class="notices" role="region" aria-label={w.value.notices}>
        {notices.value.map((n) => (
          <div key={n.id} class={`notice notice-${n.kind}`} role={n.kind === "error" ? "alert" : "status"}>
            <Icon name={n.kind === "error" ? "warn" : "check"} />
            <span>{n.text}</span>
            <IconButton name="close" label={w.value.close} onClick={() => dismiss(n.id)} />
          </div>
        ))}
      </div>
      <div class="hidden" aria-live="polite">
        {spoken.value}
      </div>
    </>
  );
}

/** Says that the line is down, when the next try is due, and what waits to be sent. */
export function LineBanner(): VNode | null {
  const [, tick] = useState(0);
  const [late, setLate] = useState(false);
  const down = line.value === "down" || line.value === "connecting";
  useEffect(() => {
    if (!down) {
      setLate(false);
      return;
    }
    // A short break is nobody's business.
    const show = setTimeout(() => setLate(true), 700);
    const count = setInterval(() => tick((n) => n + 1), 1000);
    return () => {
      clearTimeout(show);
      clearInterval(count);
    };
  }, [down]);
  if (!down || !late) return null;
  const waiting = outbox.value?.parcels.value.length ?? 0;
  const seconds = Math.max(0, Math.ceil((nextTryAt.value - Date.now()) / 1000));
  const t = w.value;
  return (
    <div class="banner" role="status">
      <Icon name="warn" />
      <span>
        {t.lineDown} <span aria-hidden="true">{seconds > 0 ? t.nextTry(seconds) : t.connecting}</span> {waiting > 0 && t.waitingToSend(waiting)}
      </span>
      <button type="button" class="button button-small" onClick={retryNow}>
        {t.tryNow}
      </button>
    </div>
  );
}
