// The list of rooms: newest activity first, with what is unread, who is there and the last words.
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import type { RoomSummary } from "../api";
import { RoomFace } from "../parts/Avatar";
import { Icon, IconButton } from "../parts/Icon";
import { rove } from "../parts/Menu";
import { Empty, Failed, Waiting } from "../parts/States";
import { gist, plain } from "../parts/gist";
import { brief } from "../parts/time";
import { me, server } from "../state/app";
import { nameOf, person, typing } from "../state/people";
import { draft, inOrder, loadRooms, rooms, roomsState } from "../state/rooms";
import { waitingFor } from "../state/waiting";
import { w } from "../words";
import { NewRoom } from "./NewRoom";

const fold = (text: string): string => text.normalize("NFKC").toLowerCase();

export function titleOf(s: RoomSummary): string {
  if (s.room.kind === "private") return nameOf(s.peer ? (person(s.peer.id).value ?? s.peer) : null);
  return s.room.title || w.value.untitled;
}

export function RoomList(props: { current: number | null }): VNode {
  const t = w.value;
  const [search, setSearch] = useState("");
  const [making, setMaking] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const wanted = fold(search.trim());
  const shown = wanted ? inOrder.value.filter((s) => fold(titleOf(s)).includes(wanted)) : inOrder.value;
  const focusable = shown.some((s) => s.room.id === props.current) ? props.current : shown[0]?.room.id;
  return (
    <>
      <header class="list-head">
        <h1>{server.value?.name ?? "Chatelaine"}</h1>
        <IconButton name="plus" label={t.newRoom} onClick={() => setMaking(true)} />
      </header>
      {rooms.value.size > 0 && (
        <div class="search">
          <Icon name="find" />
          <input type="search" aria-label={t.searchRooms} placeholder={t.searchRooms} value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
        </div>
      )}
      {waitingFor.count.value.invites > 0 && (
        <a class="list-note" href="#/invites">
          <Icon name="mail" /> {t.invitesWaiting(waitingFor.count.value.invites)}
        </a>
      )}
      {roomsState.value === "loading" && <Waiting />}
      {roomsState.value === "failed" && <Failed text={t.offlineError} again={() => void loadRooms()} />}
      {roomsState.value === "ready" && rooms.value.size === 0 && (
        <Empty icon="chats" title={t.noRooms} text={t.noRoomsText}>
          <button type="button" class="button button-main" onClick={() => setMaking(true)}>
            {t.newRoom}
          </button>
          <a class="button" href="#/find">
            {t.findRooms}
          </a>
        </Empty>
      )}
      {shown.length === 0 && rooms.value.size > 0 && <Empty icon="find" title={t.nothingFound} />}
      <ul class="rooms" ref={list} onKeyDown={(e) => rove(e, list.current, "a", "column")}>
        {shown.map((s) => (
          <li key={s.room.id}>
            <RoomLine of={s} here={s.room.id === props.current} tab={s.room.id === focusable ? 0 : -1} />
          </li>
        ))}
      </ul>
      {making && <NewRoom onClose={() => setMaking(false)} />}
    </>
  );
}

function RoomLine(props: { of: RoomSummary; here: boolean; tab: number }): VNode {
  const s = props.of;
  const t = w.value;
  const quiet = s.me.notify === "none" || (s.me.notify === "mentions" && !s.mentioned);
  const peer = s.peer ? (person(s.peer.id).value ?? s.peer) : null;
  return (
    <a class={`room-line ${s.unread > 0 ? "unread" : ""}`} href={`#/rooms/${s.room.id}`} aria-current={props.here ? "page" : undefined} tabIndex={props.tab}>
      <RoomFace of={s} peer={peer} />
      <span class="room-line-text">
        <span class="room-line-top">
          <span class="room-line-title">{titleOf(s)}</span>
          {s.room.encrypted && (
            <>
              <Icon name="lock" class="icon-small" />
              <span class="hidden">{t.encrypted}</span>
            </>
          )}
          {s.me.notify !== "all" && <Icon name="mute" class="icon-small" />}
          <time dateTime={s.last_message?.sent_at ?? s.room.created_at}>{brief(s.last_message?.sent_at ?? s.room.created_at)}</time>
        </span>
        <span class="room-line-bottom">
          <span class="room-line-last">
            <LastWords of={s} here={props.here} />
          </span>
          {s.mentioned && s.unread > 0 && (
            <span class="count count-mention">
              <span aria-hidden="true">@</span>
              <span class="hidden">{t.mentioned}</span>
            </span>
          )}
          {s.unread > 0 && (
            <span class={`count ${quiet ? "count-quiet" : ""}`}>
              <span aria-hidden="true">{s.unread > 99 ? "99+" : s.unread}</span>
              <span class="hidden">{t.unreadCount(s.unread)}</span>
            </span>
          )}
        </span>
      </span>
    </a>
  );
}

function LastWords(props: { of: RoomSummary; here: boolean }): VNode {
  const t = w.value;
  const s = props.of;
  const who = [...(typing.value.get(s.room.id)?.keys() ?? [])];
  if (who.length > 0) return <em class="typing-words">{t.typing(who.slice(0, 2).map((id) => nameOf(person(id).value)))}</em>;
  const words = draft(s.room.id).value;
  if (words && !props.here)
    return (
      <>
        <em class="draft-mark">{t.draft}</em> {plain(words)}
      </>
    );
  const m = s.last_message;
  if (!m) return <>{t.noMessages}</>;
  const from = m.sender === me.value?.id ? t.you : s.room.kind === "group" ? nameOf(person(m.sender).value) : "";
  return (
    <>
      {from && `${from}: `}
      {gist(m)}
    </>
  );
}
