// A face: the picture if there is one, otherwise the first letter on a colour that stays the same for the same number.
import type { VNode } from "preact";
import { fileUrl, type Account, type Id, type Presence, type RoomSummary } from "../api";
import { nameOf } from "../state/people";
import { w } from "../words";

const HUES = 8;

export function Face(props: { id: Id; name: string; picture: Id | null; size?: "s" | "m" | "l"; presence?: Presence | null; square?: boolean }): VNode {
  const letter = [...props.name.trim()][0]?.toUpperCase() ?? "?";
  const shown = props.presence === "online" || props.presence === "away" ? props.presence : null;
  return (
    <span class={`face face-${props.size ?? "m"} hue-${props.id % HUES} ${props.square ? "face-square" : ""}`}>
      {props.picture !== null ? <img src={fileUrl(props.picture)} alt="" loading="lazy" decoding="async" /> : <span aria-hidden="true">{letter}</span>}
      {shown && (
        <span class={`dot dot-${shown}`}>
          <span class="hidden">{w.value.presence[shown]}</span>
        </span>
      )}
    </span>
  );
}

export function PersonFace(props: { of: Account | null; size?: "s" | "m" | "l"; presence?: boolean }): VNode {
  const a = props.of;
  return <Face id={a?.id ?? 0} name={nameOf(a)} picture={a?.avatar ?? null} size={props.size ?? "m"} presence={props.presence ? (a?.presence ?? null) : null} />;
}

export function RoomFace(props: { of: RoomSummary; peer: Account | null; size?: "s" | "m" | "l" }): VNode {
  const { room } = props.of;
  if (room.kind === "private") return <PersonFace of={props.peer} size={props.size ?? "m"} presence />;
  return <Face id={room.id} name={room.title} picture={room.avatar} size={props.size ?? "m"} square />;
}
