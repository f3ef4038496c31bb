// The messages of a room. Holds a bounded run of them (state/window.ts), keeps what is being read in place while more comes in at
// either end, follows the newest while the person is at the bottom, and moves the read marker as messages come into view.
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Message, RoomSummary } from "../api";
import { Icon } from "../parts/Icon";
import { Empty, Failed, Waiting } from "../parts/States";
import { day, dayOf } from "../parts/time";
import { looking, me, outbox } from "../state/app";
import type { Parcel } from "../state/outbox";
import { markRead, type Timeline as Line } from "../state/rooms";
import { atEnd, atStart } from "../state/window";
import { w } from "../words";
import { MessageRow, ParcelRow } from "./MessageRow";

const NEAR_PX = 700;
const BOTTOM_PX = 40;
const TOGETHER_MS = 5 * 60_000;

interface Props {
  of: RoomSummary;
  line: Line;
  onReply: (m: Message) => void;
  onEdit: (m: Message) => void;
}

/** A row and how far below the upper edge it stands. */
interface Anchor {
  key: string;
  top: number;
}

/** The first row of which something can be seen, by halving: rows stand in order. */
function firstVisible(rows: readonly HTMLElement[], top: number): HTMLElement | undefined {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((rows[middle] as HTMLElement).getBoundingClientRect().bottom <= top) from = middle + 1;
    else to = middle;
  }
  return rows[from];
}

export function Timeline(props: Props): VNode {
  const { line } = props;
  const run = line.run.value;
  const target = line.target.value;
  const parcels = useParcels(props.of.room.id, run.items);
  const box = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  // The row that Tab comes to, whether the focus is there now, and the row under the mouse: a menu of the one stays open while the
  // mouse crosses others.
  const [active, setActive] = useState<number | null>(null);
  const [inside, setInside] = useState(false);
  const [hovered, setHovered] = useState<number | null>(null);
  const [marked, setMarked] = useState<number | null>(null);
  const bare = run.items.length === 0 && parcels.length === 0;
  const t = w.value;

  const capture = (): Anchor | null => {
    const b = box.current;
    if (!b) return null;
    const edge = b.getBoundingClientRect().top;
    const row = firstVisible([...b.querySelectorAll<HTMLElement>("[data-row]")], edge);
    return row ? { key: row.dataset.row ?? "", top: row.getBoundingClientRect().top - edge } : null;
  };
  const restore = (to: Anchor | null) => {
    const b = box.current;
    const row = to && b?.querySelector<HTMLElement>(`[data-row="${CSS.escape(to.key)}"]`);
    if (!b || !row) return;
    const moved = row.getBoundingClientRect().top - b.getBoundingClientRect().top - to.top;
    if (Math.abs(moved) >= 0.5) b.scrollTop += moved;
  };
  /** What is held in place when content above it changes size, as rows do that come into view for the first time. */
  const held = useRef<Anchor | null>(null);
  // Read before this render changes the page.
  const anchor = useRef<Anchor | null>(null);
  anchor.current = null;
  // A scroll whose event has not come yet counts too: only growth of the content keeps the view at the end.
  if (box.current && stick.current && box.current.scrollTop < lastTop.current - 1 && box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight > BOTTOM_PX) stick.current = false;
  if (box.current && !stick.current) anchor.current = capture();

  const rowAt = (offset: number) => box.current?.querySelector<HTMLElement>(`[data-offset="${offset}"]`);
  const toBottom = () => {
    if (!box.current) return;
    box.current.scrollTop = box.current.scrollHeight;
    lastTop.current = box.current.scrollTop;
  };

  const look = () => {
    const b = box.current;
    if (!b || line.state.value !== "ready") return;
    const now = line.run.value;
    const below = b.scrollHeight - b.scrollTop - b.clientHeight;
    stick.current = below < BOTTOM_PX && atEnd(now);
    lastTop.current = b.scrollTop;
    held.current = capture();
    setAway(below > NEAR_PX / 2 || !atEnd(now));
    if (b.scrollTop < NEAR_PX) void line.more("old");
    if (below < NEAR_PX) void line.more("new");
    seen();
  };

  const seen = () => {
    const b = box.current;
    const items = line.run.value.items;
    if (!b || items.length === 0 || !looking(line.room)) return;
    const bottom = b.getBoundingClientRect().bottom;
    const rows = [...b.querySelectorAll<HTMLElement>("[data-offset]")];
    const next = firstVisible(rows, bottom);
    const last = next ? rows[rows.indexOf(next) - (next.getBoundingClientRect().top < bottom - 8 ? 0 : 1)] : rows[rows.length - 1];
    const offset = Number(last?.dataset.offset);
    if (offset > 0) markRead(line.room, offset);
  };

  useLayoutEffect(() => {
    const b = box.current;
    if (!b || line.state.value !== "ready") return;
    if (target === "end") {
      stick.current = true;
      toBottom();
      line.target.value = null;
    } else if (target) {
      stick.current = false;
      setMarked(target.mark ? target.offset : null);
      const place = () => {
        const row = rowAt(target.offset);
        if (!row) return;
        const start = row.previousElementSibling?.classList.contains("unread-line") ? row.previousElementSibling : row;
        b.scrollTop += start.getBoundingClientRect().top - b.getBoundingClientRect().top - (target.mark ? b.clientHeight / 3 : 48);
      };
      place();
      // Rows that come into view take their true height only then.
      requestAnimationFrame(() => {
        place();
        requestAnimationFrame(() => {
          place();
          look();
        });
      });
      line.target.value = null;
    } else if (stick.current) toBottom();
    else restore(anchor.current);
    held.current = capture();
  });

  useEffect(() => {
    look();
  }, [run, line.state.value]);

  useEffect(() => {
    const b = box.current;
    if (!b) return;
    // The box and its content change size without a render: keyboard of a phone, pictures, fonts, rows coming into view.
    const observer = new ResizeObserver(() => {
      if (stick.current) toBottom();
      else restore(held.current);
    });
    observer.observe(b);
    for (const child of b.children) observer.observe(child);
    const back = () => {
      look();
    };
    addEventListener("focus", back);
    document.addEventListener("visibilitychange", back);
    return () => {
      observer.disconnect();
      removeEventListener("focus", back);
      document.removeEventListener("visibilitychange", back);
    };
  }, [line.state.value === "ready", bare]);

  // While the person looks elsewhere, the line goes where reading stopped.
  useEffect(() => {
    if (!looking(line.room) && props.of.unread > 0 && (line.lineAfter.value ?? -1) < props.of.me.read_offset) line.lineAfter.value = props.of.me.read_offset;
  }, [props.of.unread]);

  if (line.state.value === "loading") return <Waiting />;
  if (line.state.value === "failed") return <Failed text={t.offlineError} again={() => void line.open()} />;

  const end = atEnd(run);
  const focusable = active !== null && run.items.some((m) => m.offset === active) ? active : (run.items[run.items.length - 1]?.offset ?? null);
  return (
    <div class="timeline">
      <div class="scroller" ref={box} onScroll={look}>
        {bare ? (
          <Empty icon="chats" title={t.noMessages} text={t.noMessagesText} />
        ) : (
          <ol
            class="messages"
            aria-label={t.messages}
            onKeyDown={(e) => walk(e, (offset) => setActive(offset))}
            onFocusCapture={(e) => {
              const offset = Number((e.target as Element).closest<HTMLElement>("[data-offset]")?.dataset.offset);
              if (offset > 0) setActive(offset);
              setInside(offset > 0);
            }}
            onFocusOut={(e) => {
              if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setInside(false);
            }}
            onPointerLeave={() => setHovered(null)}
          >
            {!atStart(run) && (
              <li class="edge" key="old">
                <Waiting />
              </li>
            )}
            {rowsOf(run.items, line.lineAfter.value, { ...props, active: inside ? active : null, hovered, focusable, marked, hover: setHovered })}
            {end && parcels.map((p, i) => <ParcelRow key={`c${p.key}`} of={p} first={i === 0 && run.items[run.items.length - 1]?.sender !== me.value?.id} room={props.of} />)}
            {!end && (
              <li class="edge" key="new">
                <Waiting />
              </li>
            )}
          </ol>
        )}
      </div>
      {away && (
        <button type="button" class="to-newest" aria-label={props.of.unread > 0 ? t.toNewestUnread(props.of.unread) : t.toNewest} onClick={() => void line.toEnd()}>
          {props.of.unread > 0 && <span class="count">{props.of.unread > 99 ? "99+" : props.of.unread}</span>}
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function useParcels(room: number, items: readonly Message[]): Parcel[] {
  const all = outbox.value?.parcels.value ?? [];
  const mine = me.value?.id;
  const there = new Set<string>();
  for (let i = items.length - 1; i >= 0 && i > items.length - 60; i--) {
    const m = items[i] as Message;
    if (m.sender === mine && m.client_key) there.add(m.client_key);
  }
  return all.filter((p) => p.room === room && !there.has(p.key));
}

interface RowContext extends Props {
  active: number | null;
  hovered: number | null;
  focusable: number | null;
  marked: number | null;
  hover: (offset: number) => void;
}

function rowsOf(items: readonly Message[], lineAfter: number | null, c: RowContext): VNode[] {
  const out: VNode[] = [];
  const mine = me.value?.id ?? 0;
  let before: Message | null = null;
  let lined = lineAfter === null;
  for (const m of items) {
    const newDay = !before || dayOf(before.sent_at) !== dayOf(m.sent_at);
    if (newDay)
      out.push(
        <li key={`d${m.offset}`} class="day">
          <span>{day(m.sent_at)}</span>
        </li>,
      );
    let parted = newDay;
    if (!lined && m.offset > (lineAfter ?? 0) && m.sender !== mine) {
      lined = true;
      parted = true;
      out.push(
        <li key="unread" class="unread-line">
          <span>{w.value.unreadLine}</span>
        </li>,
      );
    }
    const together = !parted && before !== null && before.sender === m.sender && Date.parse(m.sent_at) - Date.parse(before.sent_at) < TOGETHER_MS && !m.reply_to;
    out.push(
      <MessageRow
        key={m.sender === mine && m.client_key ? `c${m.client_key}` : m.offset}
        of={m}
        room={c.of}
        line={c.line}
        together={together}
        active={c.active === m.offset || c.hovered === m.offset}
        tab={c.focusable === m.offset}
        marked={c.marked === m.offset}
        onHover={c.hover}
        onReply={c.onReply}
        onEdit={c.onEdit}
      />,
    );
    before = m;
  }
  return out;
}

/** Up and down among the messages; Home and End to the ends of what is loaded. */
function walk(event: KeyboardEvent, to: (offset: number) => void): void {
  const from = event.target as HTMLElement;
  const row = from.closest<HTMLElement>("[data-offset]");
  if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
  if (from !== row && event.key === "Escape") {
    row.focus();
    return;
  }
  if (from !== row) return;
  const rows = [...(row.parentElement?.querySelectorAll<HTMLElement>("[data-offset]") ?? [])];
  const at = rows.indexOf(row);
  const next = { ArrowUp: rows[at - 1], ArrowDown: rows[at + 1], Home: rows[0], End: rows[rows.length - 1] }[event.key];
  if (!next) return;
  event.preventDefault();
  to(Number(next.dataset.offset));
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
