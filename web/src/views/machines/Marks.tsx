// Marks against me: why, on what evidence, until when, and the one appeal.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { all } from "../../api";
import * as api from "../../api-machines";
import type { CheatMark } from "../../api-machines";
import { Dialog } from "../../parts/Dialog";
import { Field, Form, useForm } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/States";
import { date, until } from "../../parts/time";
import { useLoad } from "../../parts/useLoad";
import { useNow } from "../../parts/useNow";
import { changed } from "../../state/app";
import { holds, shortCode } from "../../state/machines";
import { notify } from "../../state/notices";
import { m } from "../../words/machines";
import { Badge } from "./Bits";

const MOST = 500;

export function MyMarks(): VNode {
  const t = m.value;
  const list = useLoad(() => all((after) => api.marks(after), MOST), [changed.machines.value]);
  const now = useNow();
  const [appealing, setAppealing] = useState<CheatMark | null>(null);
  return (
    <Loaded of={list}>
      {(items) =>
        items.length === 0 ? (
          <Empty icon="check" title={t.noMarks} text={t.noMarksText} />
        ) : (
          <>
            <p class="soft">{t.marksText}</p>
            <ul class="verdicts">
              {items.map((mark) => (
                <MarkCard key={mark.id} of={mark} now={now}>
                  {mark.appeal === null && holds(mark, now) && (
                    <div class="actions actions-left">
                      <button type="button" class="button" onClick={() => setAppealing(mark)}>
                        <Icon name="reply" /> {t.appeal}
                      </button>
                    </div>
                  )}
                </MarkCard>
              ))}
            </ul>
            {appealing && <AppealDialog of={appealing} onClose={() => setAppealing(null)} />}
          </>
        )
      }
    </Loaded>
  );
}

/** A mark with all that is known of it; `head` says against whom where that is the question. */
export function MarkCard(props: { of: CheatMark; now: number; head?: string; children?: VNode | false | null | (VNode | false | null)[] }): VNode {
  const { of, now } = props;
  const t = m.value;
  const state = of.lift ? <Badge icon="check" kind="good" text={t.lifted} /> : holds(of, now) ? <Badge icon="flag" kind="bad" text={t.inForce} /> : <Badge icon="clock" kind="quiet" text={t.over} />;
  const notes = [props.head, t.markSet(date(of.at)), t.markUntil(until(of.until)), of.category, of.code && `${t.code} ${shortCode(of.code)}`, of.launch && t.launch(of.launch)];
  return (
    <li class="box box-pad verdict">
      <div class="verdict-head">
        <span class="verdict-why">{of.reason || t.none}</span>
        <Badge icon="warn" kind={of.severity === "notice" ? "quiet" : of.severity === "grave" ? "bad" : "warn"} text={t.severities[of.severity] ?? of.severity} />
        {state}
      </div>
      <p class="soft">{notes.filter(Boolean).join(" · ")}</p>
      {of.lift && <p>{t.liftedBecause(date(of.lift.at), of.appeal?.answer?.text === of.lift.reason ? "" : of.lift.reason)}</p>}
      {of.evidence.length > 0 && (
        <p>
          {t.evidence}:{" "}
          {of.evidence.map((file) => (
            <a key={file.id} class="evidence" href={`${file.url}?download=1`} download={file.name}>
              <Icon name="file" class="icon-small" /> {file.name}
            </a>
          ))}
        </p>
      )}
      {of.appeal && <AppealShown of={of} />}
      {props.children}
    </li>
  );
}

function AppealShown(props: { of: CheatMark }): VNode | null {
  const { appeal } = props.of;
  const t = m.value;
  if (!appeal) return null;
  return (
    <blockquote class="appeal">
      <p class="soft">{t.appealAt(date(appeal.at))}</p>
      <p class="bio">{appeal.text}</p>
      {appeal.answer ? (
        <>
          <p class="soft">{appeal.answer.lift ? t.appealLifted(date(appeal.answer.at)) : t.appealKept(date(appeal.answer.at))}</p>
          {appeal.answer.text && <p class="bio">{appeal.answer.text}</p>}
        </>
      ) : (
        <Badge icon="clock" kind="warn" text={t.appealWaiting} />
      )}
    </blockquote>
  );
}

function AppealDialog(props: { of: CheatMark; onClose: () => void }): VNode {
  const t = m.value;
  const [text, setText] = useState("");
  const { flaws, submit } = useForm(async () => {
    await api.appeal(props.of.id, text.trim());
    notify("done", t.appealed);
    changed.machines.value++;
    props.onClose();
  }, ["text"]);
  return (
    <Dialog title={t.appealTitle} onClose={props.onClose}>
      <p>{t.appealText}</p>
      <Form onSubmit={submit} flaws={flaws} submit={t.appealSend} idle={text.trim() === ""}>
        <Field label={t.appealWords} value={text} onInput={setText} rows={6} maxLength={2000} error={flaws.of("text")} required focus />
      </Form>
    </Dialog>
  );
}
