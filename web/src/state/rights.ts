// What the person may do in a room, as far as the page can know; the server decides.
import type { Me, RoomSummary } from "../api";

export const PERMISSIONS = [
  "send_message",
  "recall_others",
  "ban",
  "unban",
  "kick",
  "set_title",
  "set_avatar",
  "set_description",
  "delete_room",
  "set_role",
  "mute",
  "unmute",
  "accept_join",
  "encrypt",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLE_MEMBER = 1;
export const ROLE_ADMIN = 2;
export const ROLE_OWNER = 3;

export const may = (s: RoomSummary, what: Permission): boolean => s.me.permissions.includes(what);
/** Whether the room's settings are worth showing: some of them can be changed. */
export const manages = (s: RoomSummary): boolean => s.room.kind === "group" && (["set_title", "set_avatar", "set_description", "delete_room", "set_role", "accept_join"] as const).some((p) => may(s, p));
export const mayInvite = (s: RoomSummary): boolean => s.room.kind === "group" && (s.room.options.members_may_invite || s.me.role !== ROLE_MEMBER);

/** Whether the person has a permission that holds for the whole server. */
export const mayServer = (who: Me | null, what: string): boolean => who?.permissions.includes(what) ?? false;

/** Whether the person has a permission over everybody, or over the members of the own organisation. */
export const maySome = (who: Me | null, what: string): boolean => mayServer(who, what) || (who?.organisation_permissions.includes(what) ?? false);

/** Why the person cannot write here now, or null. */
export function silenced(s: RoomSummary, now: number): { why: "muted"; until: string } | { why: "quiet" } | null {
  const { muted_until } = s.me;
  if (muted_until && (muted_until === "forever" || Date.parse(muted_until) > now)) return { why: "muted", until: muted_until };
  if (!may(s, "send_message") || (!s.room.options.members_may_send && s.me.role === ROLE_MEMBER)) return { why: "quiet" };
  return null;
}
