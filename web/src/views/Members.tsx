import type { RoomSummary } from "../api";
export function Members(props: { of: RoomSummary }) { return <p>{props.of.room.id}</p>; }
