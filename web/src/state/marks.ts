// What became of one's own messages, by how far the others are. Marks only move forward.
import type { Marks, RoomSummary } from "../api";

export type Fate = "sent" | "delivered" | "read" | "seen";

/** In a room of two it matters whether the other has it; in a group, whether anybody has read it. */
export function fateOf(offset: number, room: Pick<RoomSummary, "peer" | "others">): Fate {
  const { peer, others } = room;
  if (!others) return "sent";
  if (others.read_offset >= offset) return peer ? "read" : "seen";
  return peer && others.delivered_offset >= offset ? "delivered" : "sent";
}

/** The marks after somebody has read up to here; what is read has arrived. */
export function readUpTo(old: Marks, offset: number): Marks {
  if (offset <= old.read_offset) return old;
  return { read_offset: offset, delivered_offset: Math.max(old.delivered_offset, offset) };
}

/** The marks as the server told them, or further where a newer word came live meanwhile. */
export function further(told: Marks | null, known: Marks | null | undefined): Marks | null {
  if (!told || !known) return told;
  return { read_offset: Math.max(told.read_offset, known.read_offset), delivered_offset: Math.max(told.delivered_offset, known.delivered_offset) };
}
