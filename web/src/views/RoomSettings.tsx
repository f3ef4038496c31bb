import type { RoomSummary } from "../api";
export function RoomSettings(props: { of: RoomSummary }) { return <p>{props.of.room.id}</p>; }
