// What hangs on a message: pictures in a box of their own size, files as tiles, people and rooms as cards.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { fileUrl, type Segment } from "../api";
import { person, nameOf } from "../state/people";
import { fileMeta } from "../state/uploads";
import { go } from "../state/route";
import { w } from "../words";
import { PersonFace } from "./Avatar";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";
import { bytes } from "./time";

export function Segments(props: { of: readonly Segment[] }): VNode | null {
  if (props.of.length === 0) return null;
  return (
    <div class="segments">
      {props.of.map((s, i) => (
        <One key={i} of={s} />
      ))}
    </div>
  );
}

function One(props: { of: Segment }): VNode {
  const s = props.of;
  switch (s.kind) {
    case "image":
      return <Picture file={s.file} width={s.width} height={s.height} />;
    case "voice":
      return <audio controls preload="none" src={fileUrl(s.file)} aria-label={w.value.voice} />;
    case "video":
      return <video controls preload="metadata" src={fileUrl(s.file)} width={s.width} height={s.height} class="video" aria-label={w.value.video} />;
    case "contact":
      return <Contact account={s.account} />;
    case "room_invite":
      return (
        <a class="tile" href={`#/join/${encodeURIComponent(s.link)}`}>
          <Icon name="link" />
          <span class="tile-text">{w.value.roomInvite}</span>
        </a>
      );
    default:
      return <FileTile file={s.file} />;
  }
}

const BOX_WIDTH = 360;
const BOX_HEIGHT = 320;

/** The size a picture is shown at, known before a byte of it has come, so that nothing jumps. */
export function boxFor(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, BOX_WIDTH / Math.max(1, width), BOX_HEIGHT / Math.max(1, height));
  return { width: Math.max(48, Math.round(width * scale)), height: Math.max(48, Math.round(height * scale)) };
}

function Picture(props: { file: number; width: number; height: number }): VNode {
  const [open, setOpen] = useState(false);
  const [broken, setBroken] = useState(false);
  const meta = fileMeta(props.file).value;
  const name = meta && meta !== "gone" ? meta.name : w.value.picture;
  const box = boxFor(props.width, props.height);
  if (broken) return <FileTile file={props.file} />;
  return (
    <>
      <button type="button" class="picture" aria-label={w.value.openPicture(name)} onClick={() => setOpen(true)}>
        <img src={fileUrl(props.file)} alt={name} width={box.width} height={box.height} loading="lazy" decoding="async" onError={() => setBroken(true)} />
      </button>
      {open && (
        <Dialog title={name} onClose={() => setOpen(false)} wide>
          <img class="picture-full" src={fileUrl(props.file)} alt={name} width={props.width} height={props.height} />
          <div class="actions">
            <a class="button" href={fileUrl(props.file, "download")} download={name}>
              <Icon name="download" /> {w.value.download}
            </a>
          </div>
        </Dialog>
      )}
    </>
  );
}

function FileTile(props: { file: number }): VNode {
  const meta = fileMeta(props.file).value;
  if (meta === "gone")
    return (
      <span class="tile tile-gone">
        <Icon name="file" />
        <span class="tile-text">{w.value.fileGone}</span>
      </span>
    );
  return (
    <a class="tile" href={fileUrl(props.file, "download")} download={meta?.name ?? ""}>
      <Icon name="file" />
      <span class="tile-text">
        <span class="tile-name">{meta?.name ?? w.value.file}</span>
        <span class="tile-small">{meta ? bytes(meta.size) : "…"}</span>
      </span>
      <Icon name="download" class="tile-go" />
      <span class="hidden">{w.value.download}</span>
    </a>
  );
}

function Contact(props: { account: number }): VNode {
  const who = person(props.account).value;
  return (
    <button type="button" class="tile" onClick={() => go(`/people/${props.account}`)}>
      <PersonFace of={who} size="s" />
      <span class="tile-text">
        <span class="tile-name">{nameOf(who)}</span>
        <span class="tile-small">{who ? `@${who.handle}` : ""}</span>
      </span>
    </button>
  );
}
