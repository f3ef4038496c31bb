// One message: who, when, what, what it answers, who reacted, and what can be done with it. Also the messages still on their way.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api";
import type { Message, RoomSummary } from "../api";
import { PersonFace } from "../parts/Avatar";
import { confirm, Dialog } from "../parts/Dialog";
import { EmojiPicker, QUICK } from "../parts/Emoji";
import { gist } from "../parts/gist";
import { Icon, IconButton } from "../parts/Icon";
import { Markdown, type Mention } from "../parts/markdown";
import { type Choice, Menu } from "../parts/Menu";
import { Segments } from "../parts/Segments";
import { Loaded } from "../parts/States";
import { clock, full, moment } from "../parts/time";
import { useLoad } from "../parts/useLoad";
import { applyReaction, applyRecall, me, outbox } from "../state/app";
import { fateOf } from "../state/marks";
import { attempt, notify } from "../state/notices";
import type { Parcel } from "../state/outbox";
import { nameOf, person } from "../state/people";
import { may } from "../state/rights";
import type { Timeline } from "../state/rooms";
import { find } from "../state/window";
import { w } from "../words";

interface RowProps {
  of: Message;
  room: RoomSummary;
  line: Timeline;
  together: boolean;
  active: boolean;
  tab: boolean;
  marked: boolean;
  onHover: (offset: number) => void;
  onReply: (m: Message) => void;
  onEdit: (m: Message) => void;
}

const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*\s*){1,3}$/u;

export function mentionsOf(ids: readonly number[]): Mention[] {
  return ids.flatMap((id) => {
    const a = person(id).value;
    return a ? [{ handle: a.handle, name: nameOf(a), mine: id === me.value?.id }] : [];
  });
}

export function MessageRow(props: RowProps): VNode {
  const m = props.of;
  const t = w.value;
  const mine = m.sender === me.value?.id;
  const sender = person(m.sender).value;
  const forMe = m.mentions.includes(me.value?.id ?? 0);
  return (
    <li
      class={`message ${mine ? "mine" : ""} ${props.together ? "together" : ""} ${forMe ? "for-me" : ""} ${props.marked ? "marked" : ""}`}
      data-row={m.offset}
      data-offset={m.offset}
      tabIndex={props.tab ? 0 : -1}
      onPointerEnter={(e) => e.pointerType === "mouse" && props.onHover(m.offset)}
    >
      {props.together ? (
        <time class="message-when" dateTime={m.sent_at} title={full(m.sent_at)}>
          {clock(m.sent_at)}
        </time>
      ) : (
        <a class="message-face" href={`#/people/${m.sender}`} tabIndex={-1} aria-hidden="true">
          <PersonFace of={sender} />
        </a>
      )}
      <div class="message-body">
        {!props.together && (
          <p class="message-head">
            <span class="message-name">{nameOf(sender)}</span>
            <time dateTime={m.sent_at} title={full(m.sent_at)}>
              {clock(m.sent_at)}
            </time>
          </p>
        )}
        {m.reply_to !== undefined && !m.recalled_at && <Quote offset={m.reply_to} line={props.line} />}
        <Content of={m} />
        {m.reactions.length > 0 && <Reactions of={m} tab={props.active} />}
        {mine && <Fate of={m} room={props.room} />}
      </div>
      {props.active && !m.recalled_at && <Tools {...props} mine={mine} label={t.messageActions} />}
    </li>
  );
}

function Content(props: { of: Message }): VNode {
  const m = props.of;
  const t = w.value;
  const [history, setHistory] = useState(false);
  if (m.recalled_at) return <p class="recalled">{m.recalled_by !== undefined && m.recalled_by !== m.sender ? t.recalledBy(nameOf(person(m.recalled_by).value)) : t.recalled}</p>;
  if (m.encrypted)
    return (
      <p class="cipher">
        <Icon name="lock" class="icon-small" /> {t.encryptedMessage}
      </p>
    );
  return (
    <>
      {m.text && (ONLY_EMOJI.test(m.text) ? <p class="big-emoji">{m.text}</p> : <Markdown text={m.text} mentions={mentionsOf(m.mentions)} />)}
      {m.edited_at && (
        <button type="button" class="edited" title={moment(m.edited_at)} onClick={() => setHistory(true)}>
          {t.edited}
        </button>
      )}
      <Segments of={m.segments} />
      {history && <History of={m} onClose={() => setHistory(false)} />}
    </>
  );
}

function History(props: { of: Message; onClose: () => void }): VNode {
  const m = props.of;
  const list = useLoad(() => api.edits(m.room, m.offset), [m.edited_at]);
  return (
    <Dialog title={w.value.editHistory} onClose={props.onClose}>
      <Loaded of={list}>
        {(page) => (
          <ol class="history">
            {page.items.map((e) => (
              <li key={e.at}>
                <time dateTime={e.at}>{moment(e.at)}</time>
                <Markdown text={e.text} mentions={[]} />
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Dialog>
  );
}

/** The message that this one answers; a click goes there. */
function Quote(props: { offset: number; line: Timeline }): VNode {
  const run = props.line.run.value;
  const t = w.value;
  const m = run.items[find(run, props.offset)];
  return (
    <button type="button" class="quote" onClick={() => void props.line.goTo(props.offset)}>
      <span class="hidden">{t.inReplyTo} </span>
      {m ? (
        <>
          <span class="quote-name">{nameOf(person(m.sender).value)}</span> <span class="quote-text">{gist(m)}</span>
        </>
      ) : (
        <span class="quote-text">{t.earlierMessage}</span>
      )}
    </button>
  );
}

async function toggle(m: Message, emoji: string): Promise<void> {
  const my = me.value?.id ?? 0;
  const on = !m.reactions.some((r) => r.emoji === emoji && r.accounts.includes(my));
  applyReaction(m.room, m.offset, emoji, my, on);
  const fine = await attempt(() => (on ? api.react(m.room, m.offset, emoji) : api.unreact(m.room, m.offset, emoji)));
  if (!fine) applyReaction(m.room, m.offset, emoji, my, !on);
}

function Reactions(props: { of: Message; tab: boolean }): VNode {
  const my = me.value?.id ?? 0;
  return (
    <ul class="reactions" aria-label={w.value.reactions}>
      {props.of.reactions.map((r) => {
        const names = r.accounts.map((id) => nameOf(person(id).value)).join(", ");
        return (
          <li key={r.emoji}>
            <button type="button" class="reaction" aria-pressed={r.accounts.includes(my)} title={names} tabIndex={props.tab ? 0 : -1} aria-label={`${r.emoji} ${r.count}: ${names}`} onClick={() => void toggle(props.of, r.emoji)}>
              <span>{r.emoji}</span> {r.count}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** What became of one's own newest message. */
function Fate(props: { of: Message; room: RoomSummary }): VNode | null {
  const { of: m, room } = props;
  if (m.recalled_at || m.offset !== room.room.last_offset) return null;
  return (
    <p class="fate">
      <Icon name="check" class="icon-small" /> {w.value.fates[fateOf(m.offset, room)]}
    </p>
  );
}

function Tools(props: RowProps & { mine: boolean; label: string }): VNode {
  const m = props.of;
  const t = w.value;
  const [menu, setMenu] = useState<Element | null>(null);
  const [smile, setSmile] = useState<Element | null>(null);
  const [reporting, setReporting] = useState(false);
  const choices: Choice[] = [];
  if (m.text && !m.encrypted)
    choices.push({
      icon: "copy",
      text: t.copyText,
      act: () => void navigator.clipboard?.writeText(m.text).then(() => notify("done", t.copied), () => notify("error", t.somethingWrong)),
    });
  if (props.mine && m.text && !m.encrypted) choices.push({ icon: "edit", text: t.edit, act: () => props.onEdit(m) });
  if (props.mine || may(props.room, "recall_others")) choices.push({ icon: "trash", text: t.recall, danger: true, act: () => void recall(m) });
  if (!props.mine) choices.push({ icon: "warn", text: t.report, act: () => setReporting(true) });
  return (
    <div class="tools" role="toolbar" aria-label={props.label}>
      {QUICK.slice(0, 3).map((e) => (
        <button key={e} type="button" class="icon-button tool-emoji" aria-label={t.reactWith(e)} onClick={() => void toggle(m, e)}>
          {e}
        </button>
      ))}
      <IconButton name="smile" label={t.react} onClick={(e) => setSmile(e.currentTarget as Element)} />
      <IconButton name="reply" label={t.reply} onClick={() => props.onReply(m)} />
      {props.mine && m.text && !m.encrypted && <IconButton name="edit" label={t.edit} onClick={() => props.onEdit(m)} />}
      <IconButton name="more" label={t.more} onClick={(e) => setMenu(e.currentTarget as Element)} />
      {menu && <Menu anchor={menu} label={props.label} choices={choices} onClose={() => setMenu(null)} />}
      {smile && <EmojiPicker anchor={smile} onPick={(e) => void toggle(m, e)} onClose={() => setSmile(null)} />}
      {reporting && <Report of={m} onClose={() => setReporting(false)} />}
    </div>
  );
}

async function recall(m: Message): Promise<void> {
  const t = w.value;
  if (!(await confirm(t.recallTitle, t.recallText, t.recall))) return;
  if (await attempt(() => api.recall(m.room, m.offset))) applyRecall(m.room, m.offset, me.value?.id ?? 0, new Date().toISOString());
}

function Report(props: { of: Message; onClose: () => void }): VNode {
  const t = w.value;
  const [text, setText] = useState("");
  return (
    <Dialog title={t.report} onClose={props.onClose}>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault();
          props.onClose();
          void attempt(() => api.report({ room: props.of.room, offset: props.of.offset, reason: text.trim() }), t.reported);
        }}
      >
        <label class="field">
          <span>{t.reportReason}</span>
          <textarea rows={3} maxLength={500} value={text} onInput={(e) => setText(e.currentTarget.value)} />
        </label>
        <button type="submit" class="button button-danger" disabled={text.trim() === ""}>
          {t.report}
        </button>
      </form>
    </Dialog>
  );
}

/** A message of one's own that the server has not acknowledged yet. */
export function ParcelRow(props: { of: Parcel; first: boolean; room: RoomSummary }): VNode {
  const p = props.of;
  const t = w.value;
  const who = me.value ? person(me.value.id).value : null;
  const state = p.state === "failed" ? `${t.failed} ${t.problems[p.code ?? ""] ?? p.why ?? ""}` : p.state === "sending" && p.tries === 0 ? t.sending : t.waiting;
  return (
    <li class={`message mine parcel parcel-${p.state} ${props.first ? "" : "together"}`} data-row={`c${p.key}`}>
      {props.first ? (
        <span class="message-face" aria-hidden="true">
          <PersonFace of={who} />
        </span>
      ) : (
        <span class="message-when" />
      )}
      <div class="message-body">
        {props.first && (
          <p class="message-head">
            <span class="message-name">{nameOf(who)}</span>
          </p>
        )}
        {p.text && (ONLY_EMOJI.test(p.text) ? <p class="big-emoji">{p.text}</p> : <Markdown text={p.text} mentions={mentionsOf(p.mentions)} />)}
        <Segments of={p.segments} />
        <p class="fate" role={p.state === "failed" ? "alert" : undefined}>
          <Icon name={p.state === "failed" ? "warn" : "clock"} class="icon-small" /> {state}
          {p.state === "failed" && (
            <>
              <button type="button" class="button button-small" onClick={() => outbox.value?.retry(p.key)}>
                {t.tryAgain}
              </button>
              <button type="button" class="button button-small" onClick={() => outbox.value?.discard(p.key)}>
                {t.discard}
              </button>
            </>
          )}
        </p>
      </div>
    </li>
  );
}
