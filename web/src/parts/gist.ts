// A message in one line: for the room list, quotes, notifications and what is read out. Never the text of an encrypted message: it
// means nothing to people.
import type { Message } from "../api";
import { w } from "../words";

/** Words without their Markdown marks. */
export const plain = (text: string): string => text.replace(/[*_`~>#]+/g, "").replace(/\s+/g, " ").slice(0, 120);

/** A message in one line. */
export function gist(m: Message): string {
  const t = w.value;
  if (m.recalled_at) return t.recalled;
  if (m.encrypted) return t.encryptedMessage;
  if (m.text) return plain(m.text);
  switch (m.segments[0]?.kind) {
    case "image":
      return t.picture;
    case "voice":
      return t.voice;
    case "video":
      return t.video;
    case "contact":
      return t.contact;
    case "room_invite":
      return t.roomInvite;
    case "file":
      return t.file;
    default:
      return "";
  }
}
