// Where messages are written. Never sends while an input method composes; keeps a draft per room; sends through the outbox.
import type { Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import type { Account, Message, NewMessage, RoomSummary, Segment } from "../api";
import { PersonFace } from "../parts/Avatar";
import { EmojiPicker } from "../parts/Emoji";
import { gist } from "../parts/gist";
import { Icon, IconButton } from "../parts/Icon";
import { composing, editsLast, mentionAt, sends } from "../parts/keys";
import { bytes, until } from "../parts/time";
import * as live from "../live";
import { me, outbox, server } from "../state/app";
import { attempt, notify } from "../state/notices";
import { nameOf, person } from "../state/people";
import { draft, setDraft, type Timeline } from "../state/rooms";
import { freshKey } from "../state/outbox";
import { silenced } from "../state/rights";
import { learnFile, type Sending } from "../state/uploads";
import { w } from "../words";
import { titleOf } from "./RoomList";
import type { Tray } from "./tray";

// A little more than the server's own measure, so that no word is in vain.
const TYPING_EVERY_MS = 2200;
const OFFERED_MOST = 6;
// Browsers take no longer timers; by then the page has been drawn again.
const TIMER_MOST_MS = 2 ** 31 - 1;

interface Props {
  of: RoomSummary;
  line: Timeline;
  tray: Tray;
  replying: Signal<Message | null>;
  editing: Signal<Message | null>;
}

const touch = (): boolean => matchMedia("(pointer: coarse)").matches;
const utf8 = new TextEncoder();

export function Composer(props: Props): VNode {
  const s = props.of;
  const t = w.value;
  const [, redraw] = useState(0);
  const quiet = silenced(s, Date.now());
  const end = quiet?.why === "muted" && quiet.until !== "forever" ? Date.parse(quiet.until) : null;
  useEffect(() => {
    if (end === null) return;
    const timer = setTimeout(() => redraw((n) => n + 1), Math.min(TIMER_MOST_MS, end - Date.now() + 20));
    return () => clearTimeout(timer);
  }, [end]);
  if (quiet)
    return (
      <div class="composer composer-quiet" role="note">
        <Icon name="mute" /> {quiet.why === "muted" ? t.youAreMuted(until(quiet.until)) : t.onlyAdminsWrite}
      </div>
    );
  return <Writing {...props} />;
}

/** The accounts whose handle stands in the text after an `@`. */
export function mentioned(text: string, members: readonly Account[]): number[] {
  const out: number[] = [];
  const lower = text.toLowerCase();
  for (const a of members) {
    const at = lower.indexOf(`@${a.handle.toLowerCase()}`);
    if (at < 0) continue;
    const after = lower.slice(at + 1 + a.handle.length);
    if (!/^[\p{L}\p{N}_-]/u.test(after) && !/^\.[\p{L}\p{N}]/u.test(after)) out.push(a.id);
  }
  return out.slice(0, 100);
}

function Writing(props: Props): VNode {
  const s = props.of;
  const id = s.room.id;
  const t = w.value;
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [changedText, setChangedText] = useState("");
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [closed, setClosed] = useState(false);
  const [smile, setSmile] = useState<Element | null>(null);
  const toldTyping = useRef(0);
  const laterTyping = useRef(0);
  const editing = props.editing.value;
  const replying = props.replying.value;
  const text = editing ? changedText : draft(id).value;
  const files = props.tray.files.value;
  const sendingFiles = files.some((f) => f.state.value !== "done");
  const tooLong = utf8.encode(text).length > (server.value?.limits.message_bytes ?? 16_000);
  const members = (props.line.members.value ?? []).map((m) => person(m.account.id).value ?? m.account);

  const setText = (to: string) => {
    if (editing) setChangedText(to);
    else setDraft(id, to);
  };

  useEffect(() => {
    if (editing) setChangedText(editing.text);
    if (editing || replying) area.current?.focus();
  }, [editing, replying]);
  useEffect(() => {
    if (!touch()) area.current?.focus();
    return () => clearTimeout(laterTyping.current);
  }, []);
  useLayoutEffect(() => {
    const a = area.current;
    if (!a) return;
    a.style.height = "auto";
    // Empty it has one line, however long the name in the placeholder is.
    if (text !== "") a.style.height = `${a.scrollHeight + 2}px`;
  }, [text]);

  const at = closed || s.room.kind === "private" ? null : mentionAt(text, caret);
  const wanted = at?.word.toLowerCase() ?? "";
  // A handle that is written out needs no choice: Enter sends.
  const written = wanted !== "" && members.some((a) => a.handle.toLowerCase() === wanted);
  const offered = at && !written ? members.filter((a) => a.id !== me.value?.id && (a.handle.toLowerCase().startsWith(wanted) || nameOf(a).toLowerCase().includes(wanted))).slice(0, OFFERED_MOST) : [];
  const current = Math.min(chosen, offered.length - 1);

  const take = (a: Account) => {
    if (!at) return;
    const fresh = `${text.slice(0, at.from)}@${a.handle} ${text.slice(caret)}`;
    setText(fresh);
    const to = at.from + a.handle.length + 2;
    setCaret(to);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(to, to);
    });
  };

  const put = (words: string) => {
    const a = area.current;
    const from = a?.selectionStart ?? text.length;
    const to = a?.selectionEnd ?? text.length;
    setText(text.slice(0, from) + words + text.slice(to));
    requestAnimationFrame(() => {
      a?.focus();
      a?.setSelectionRange(from + words.length, from + words.length);
    });
  };

  const submit = () => {
    const words = text.trim();
    if (tooLong) return;
    if (editing) {
      const old = editing;
      if (words === "") return;
      props.editing.value = null;
      if (words !== old.text)
        void attempt(async () => {
          const fresh = await api.edit(id, old.offset, words);
          props.line.change(old.offset, (m) => fresh ?? { ...m, text: words, edited_at: new Date().toISOString() });
        });
      area.current?.focus();
      return;
    }
    if ((words === "" && files.length === 0) || sendingFiles) return;
    const segments = files.map((f) => f.segment()).filter((x): x is Segment => x !== null);
    const message: NewMessage = { client_key: freshKey() };
    if (words) message.text = words;
    if (segments.length) message.segments = segments;
    if (replying) message.reply_to = replying.offset;
    const names = mentioned(words, members);
    if (names.length) message.mentions = names;
    if (!outbox.value?.add(id, message)) {
      notify("error", t.outboxFull);
      return;
    }
    for (const f of files) if (f.stored) learnFile(f.stored);
    props.tray.clear();
    setDraft(id, "");
    props.replying.value = null;
    void props.line.toEnd();
    area.current?.focus();
  };

  const onKeyDown = (e: KeyboardEvent) => {
    if (offered.length > 0 && !composing(e)) {
      const chosenOne = offered[current];
      if (e.key === "ArrowDown" || e.key === "ArrowUp") {
        e.preventDefault();
        setChosen((current + (e.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
        return;
      }
      if ((e.key === "Enter" || e.key === "Tab") && chosenOne && !e.shiftKey) {
        e.preventDefault();
        take(chosenOne);
        return;
      }
      if (e.key === "Escape") {
        e.preventDefault();
        setClosed(true);
        return;
      }
    }
    if (sends(e, touch())) {
      e.preventDefault();
      submit();
    } else if (e.key === "Escape" && !composing(e) && (editing || replying)) {
      e.preventDefault();
      props.editing.value = null;
      props.replying.value = null;
    } else if (editsLast(e, text === "") && !editing) {
      const last = props.line.run.value.items.findLast((m) => m.sender === me.value?.id && m.text !== "" && !m.recalled_at && !m.encrypted);
      if (!last) return;
      e.preventDefault();
      props.replying.value = null;
      props.editing.value = last;
    }
  };

  const tellTyping = () => {
    if (laterTyping.current) return;
    const rest = toldTyping.current + TYPING_EVERY_MS - Date.now();
    const tell = () => {
      laterTyping.current = 0;
      if (draft(id).value === "") return;
      toldTyping.current = Date.now();
      live.tell({ typing: { room: id } });
    };
    if (rest <= 0) tell();
    else laterTyping.current = window.setTimeout(tell, rest);
  };

  const onInput = (e: Event & { currentTarget: HTMLTextAreaElement }) => {
    setText(e.currentTarget.value);
    setCaret(e.currentTarget.selectionEnd);
    setClosed(false);
    setChosen(0);
    if (!editing && e.currentTarget.value !== "") tellTyping();
  };

  const listId = `mentions-${id}`;
  return (
    <form
      class="composer"
      aria-label={t.compose}
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      {s.room.encrypted && (
        <p class="composer-note">
          <Icon name="lock" class="icon-small" /> {t.encryptedRoomNote}
        </p>
      )}
      {(editing || replying) && (
        <div class="composer-context">
          <Icon name={editing ? "edit" : "reply"} class="icon-small" />
          <span class="composer-context-text">{editing ? t.editing : t.replyingTo(nameOf(replying ? person(replying.sender).value : null), replying ? gist(replying) : "")}</span>
          <IconButton
            name="close"
            label={t.cancel}
            onClick={() => {
              props.editing.value = null;
              props.replying.value = null;
              area.current?.focus();
            }}
          />
        </div>
      )}
      {files.length > 0 && (
        <ul class="tray" aria-label={t.attachments}>
          {files.map((f, i) => (
            <TrayFile key={i} of={f} onRemove={() => props.tray.remove(f)} />
          ))}
        </ul>
      )}
      {offered.length > 0 && (
        <ul class="mentions" role="listbox" id={listId} aria-label={t.mentionSomebody}>
          {offered.map((a, i) => (
            <li key={a.id} id={`${listId}-${i}`} role="option" aria-selected={i === current} onPointerDown={(e) => e.preventDefault()} onClick={() => take(a)}>
              <PersonFace of={a} size="s" /> <span class="row-name">{nameOf(a)}</span> <span class="row-note">@{a.handle}</span>
            </li>
          ))}
        </ul>
      )}
      <div class="composer-row">
        <IconButton name="attach" label={t.attach} onClick={() => picker.current?.click()} />
        <input
          ref={picker}
          type="file"
          multiple
          class="hidden"
          tabIndex={-1}
          aria-hidden="true"
          onChange={(e) => {
            props.tray.add(e.currentTarget.files);
            e.currentTarget.value = "";
            area.current?.focus();
          }}
        />
        <textarea
          ref={area}
          rows={1}
          value={text}
          placeholder={t.writeTo(titleOf(s))}
          aria-label={t.writeTo(titleOf(s))}
          aria-autocomplete="list"
          aria-controls={offered.length > 0 ? listId : undefined}
          aria-activedescendant={offered.length > 0 ? `${listId}-${current}` : undefined}
          aria-invalid={tooLong ? true : undefined}
          enterkeyhint={touch() ? "enter" : "send"}
          onInput={onInput}
          onKeyDown={onKeyDown}
          onSelect={(e) => setCaret(e.currentTarget.selectionEnd)}
          onPaste={(e) => {
            if (!e.clipboardData?.files.length) return;
            e.preventDefault();
            props.tray.add(e.clipboardData.files);
          }}
        />
        <IconButton name="smile" label={t.chooseEmoji} class="wide-only" onClick={(e) => setSmile(e.currentTarget as Element)} />
        <button type="submit" class="icon-button send" aria-label={editing ? t.save : t.send} title={editing ? t.save : t.send} disabled={tooLong || sendingFiles || (text.trim() === "" && files.length === 0)}>
          <Icon name={editing ? "check" : "send"} />
        </button>
      </div>
      {tooLong && (
        <p class="error" role="alert">
          {t.tooLong}
        </p>
      )}
      {smile && <EmojiPicker anchor={smile} onPick={put} onClose={() => setSmile(null)} />}
    </form>
  );
}

function TrayFile(props: { of: Sending; onRemove: () => void }): VNode {
  const f = props.of;
  const t = w.value;
  const percent = Math.round(f.progress.value * 100);
  return (
    <li class={`tray-file tray-${f.state.value}`}>
      {f.preview ? <img src={f.preview} alt="" /> : <Icon name="file" />}
      <span class="tray-text">
        <span class="tile-name">{f.file.name}</span>
        {f.state.value === "sending" && <progress max={100} value={percent} aria-label={t.uploadProgress(f.file.name)} />}
        {f.state.value === "done" && <span class="tile-small">{bytes(f.file.size)}</span>}
        {f.state.value === "failed" && (
          <span class="error" role="alert">
            {f.why.value}
          </span>
        )}
      </span>
      {f.state.value === "failed" && <IconButton name="retry" label={t.tryAgain} onClick={() => void f.go()} />}
      <IconButton name="close" label={f.state.value === "sending" ? t.cancelUpload(f.file.name) : t.takeOut(f.file.name)} onClick={props.onRemove} />
    </li>
  );
}
