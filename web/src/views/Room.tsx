// One room: its head, the timeline, the composer, and at the side its members or settings.
import type { ComponentType, VNode } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Id, Message, RoomSummary } from "../api";
import { RoomFace } from "../parts/Avatar";
import { Icon, IconButton } from "../parts/Icon";
import { Empty, Failed, Waiting } from "../parts/States";
import { lazily } from "../parts/useLazy";
import { nameOf, person, typing } from "../state/people";
import { loadRooms, rooms, roomsState, timeline } from "../state/rooms";
import { go, route } from "../state/route";
import { w } from "../words";
import { Composer } from "./Composer";
import { titleOf } from "./RoomList";
import { Timeline } from "./Timeline";
import { useTray } from "./tray";

type Side = ComponentType<{ of: RoomSummary }>;
const sides: Record<string, () => Promise<Side>> = {
  members: async () => (await import("./Members")).Members,
  settings: async () => (await import("./RoomSettings")).RoomSettings,
};
const useSide = lazily(sides);

export function Room(props: { id: Id }): VNode {
  const s = rooms.value.get(props.id);
  const t = w.value;
  const line = timeline(props.id);
  useEffect(() => {
    if (!s) return;
    void line.open();
    void line.loadMembers();
  }, [props.id, s === undefined]);
  if (!s) {
    if (roomsState.value === "loading") return <Waiting />;
    if (roomsState.value === "failed") return <Failed text={t.offlineError} again={() => void loadRooms()} />;
    return (
      <Empty icon="chats" title={t.noSuchRoom} text={t.noSuchRoomText}>
        <a class="button" href="#/">
          {t.back}
        </a>
      </Empty>
    );
  }
  return <OpenRoom of={s} key={props.id} />;
}

function OpenRoom(props: { of: RoomSummary }): VNode {
  const s = props.of;
  const id = s.room.id;
  const line = timeline(id);
  const replying = useSignal<Message | null>(null);
  const editing = useSignal<Message | null>(null);
  const tray = useTray(id);
  const [over, setOver] = useState(false);
  const side = route.value.path[2];
  return (
    <div class={`room ${side ? "has-side" : ""}`}>
      <section
        class="talk"
        aria-label={titleOf(s)}
        onDragOver={(e) => {
          if (![...(e.dataTransfer?.types ?? [])].includes("Files")) return;
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={(e) => {
          if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setOver(false);
        }}
        onDrop={(e) => {
          e.preventDefault();
          setOver(false);
          tray.add(e.dataTransfer?.files);
        }}
      >
        <Head of={s} side={side} />
        <Timeline
          of={s}
          line={line}
          onReply={(m) => {
            editing.value = null;
            replying.value = m;
          }}
          onEdit={(m) => {
            replying.value = null;
            editing.value = m;
          }}
        />
        <Composer of={s} line={line} tray={tray} replying={replying} editing={editing} />
        {over && (
          <div class="drop" aria-hidden="true">
            <Icon name="attach" />
            {w.value.dropHere}
          </div>
        )}
      </section>
      {side && sides[side] && <SidePane key={side} name={side} of={s} />}
    </div>
  );
}

function Head(props: { of: RoomSummary; side: string | undefined }): VNode {
  const s = props.of;
  const t = w.value;
  const id = s.room.id;
  const peer = s.peer ? (person(s.peer.id).value ?? s.peer) : null;
  const toggle = (name: string) => go(props.side === name ? `/rooms/${id}` : `/rooms/${id}/${name}`, props.side ? "replace" : "push");
  return (
    <header class="talk-head">
      <a class="icon-button phone-only" href="#/" aria-label={t.back}>
        <Icon name="back" />
      </a>
      <RoomFace of={s} peer={peer} />
      <div class="talk-title">
        <h2>
          <span>{titleOf(s)}</span>
          {s.room.encrypted && (
            <span class="tag">
              <Icon name="lock" class="icon-small" /> <span class="tag-text">{t.encrypted}</span>
            </span>
          )}
        </h2>
        <p>
          <Under of={s} />
        </p>
      </div>
      {s.room.kind === "group" && <IconButton name="members" label={t.members} pressed={props.side === "members"} onClick={() => toggle("members")} />}
      <IconButton name="settings" label={t.roomSettings} pressed={props.side === "settings"} onClick={() => toggle("settings")} />
    </header>
  );
}

/** The line under the title: who types, or who is there. */
function Under(props: { of: RoomSummary }): VNode {
  const s = props.of;
  const t = w.value;
  const who = [...(typing.value.get(s.room.id)?.keys() ?? [])];
  if (who.length > 0) return <span class="typing-words">{t.typing(who.slice(0, 3).map((id) => nameOf(person(id).value)))}</span>;
  if (s.peer) {
    const peer = person(s.peer.id).value ?? s.peer;
    return <>{[peer.presence ? t.presence[peer.presence] : "", peer.status].filter(Boolean).join(" · ") || `@${peer.handle}`}</>;
  }
  const online = (timeline(s.room.id).members.value ?? []).filter((m) => person(m.account.id).value?.presence === "online").length;
  return <>{t.membersCount(s.room.members_count) + (online > 0 ? ` · ${t.onlineCount(online)}` : "")}</>;
}

function SidePane(props: { name: string; of: RoomSummary }): VNode {
  const t = w.value;
  const { Found, failed, again } = useSide(props.name);
  const title = props.name === "members" ? t.members : t.roomSettings;
  return (
    <aside class="side" aria-label={title}>
      <header class="side-head">
        <h2>{title}</h2>
        <IconButton name="close" label={t.close} onClick={() => go(`/rooms/${props.of.room.id}`, "replace")} />
      </header>
      <div class="side-body">{Found ? <Found of={props.of} /> : failed ? <Failed text={t.offlineError} again={again} /> : <Waiting />}</div>
    </aside>
  );
}
