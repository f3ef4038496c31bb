// Marks of everybody: who waits for an answer, setting and lifting them, and the evidence they rest on.
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { type Account, all, sendFile } from "../../api";
import * as api from "../../api-machines";
import type { CheatMark, NewMark } from "../../api-machines";
import { Dialog } from "../../parts/Dialog";
import { Choose, Field, Form, useForm } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { PeoplePicker } from "../../parts/People";
import { Empty, Loaded } from "../../parts/States";
import { useLoad } from "../../parts/useLoad";
import { useNow } from "../../parts/useNow";
import { usePages } from "../../parts/usePages";
import { changed } from "../../state/app";
import { holds } from "../../state/machines";
import { attempt } from "../../state/notices";
import { w } from "../../words";
import { m } from "../../words/machines";
import { Part } from "../Page";
import { More, who } from "./Bits";
import { MarkCard } from "./Marks";

const MOST = 500;
const told = () => changed.machines.value++;

export function ManagedMarks(): VNode {
  const t = m.value;
  const now = useNow();
  const open = useLoad(() => all((after) => api.appeals(after), MOST), [changed.machines.value, changed.alerts.value, now]);
  const list = usePages(api.allMarks, [changed.machines.value, changed.alerts.value, now]);
  const [setting, setSetting] = useState(false);
  return (
    <>
      <div class="actions actions-left">
        <button type="button" class="button" onClick={() => setSetting(true)}>
          <Icon name="flag" /> {t.newMark}
        </button>
      </div>
      <Part title={t.appeals}>
        <Loaded of={open}>
          {(items) =>
            items.length === 0 ? (
              <p class="soft">{t.noAppeals}</p>
            ) : (
              <ul class="verdicts">
                {items.map((mark) => (
                  <ManagedMark key={mark.id} of={mark} now={now} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Part>
      <Part title={t.allMarks}>
        <Loaded of={list}>
          {({ items, next }) =>
            items.length === 0 ? (
              <Empty icon="flag" title={t.noMarksAtAll} />
            ) : (
              <>
                <ul class="verdicts">
                  {items.map((mark) => (
                    <ManagedMark key={mark.id} of={mark} now={now} />
                  ))}
                </ul>
                {next && <More of={list} />}
              </>
            )
          }
        </Loaded>
      </Part>
      {setting && <MarkDialog account={null} machine={null} onClose={() => setSetting(false)} />}
    </>
  );
}

function ManagedMark(props: { of: CheatMark; now: number }): VNode {
  const { of, now } = props;
  const t = m.value;
  const [doing, setDoing] = useState<"lift" | "answer" | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const attach = (file: File | undefined) => {
    if (!file) return;
    void attempt(async () => {
      const stored = await sendFile(file, file.name, null, () => {}, new AbortController().signal);
      await api.attach(of.id, stored.id);
      told();
    }, w.value.saved);
  };
  const head = [t.against(who(of.account)), of.by !== null && t.by(who(of.by))].filter(Boolean).join(" · ");
  const waiting = of.appeal !== null && of.appeal.answer === null;
  return (
    <MarkCard of={of} now={now} head={head}>
      <div class="actions actions-left">
        {waiting && (
          <button type="button" class="button button-main" onClick={() => setDoing("answer")}>
            <Icon name="reply" /> {t.answer}
          </button>
        )}
        {holds(of, now) && (
          <button type="button" class="button" onClick={() => setDoing("lift")}>
            <Icon name="check" /> {t.lift}
          </button>
        )}
        <button type="button" class="button" onClick={() => input.current?.click()}>
          <Icon name="attach" /> {t.attachEvidence}
        </button>
        {of.evidence.map((file) => (
          <button key={file.id} type="button" class="button" onClick={() => void attempt(() => api.detach(of.id, file.id), w.value.saved).then(told)}>
            <Icon name="trash" /> {t.removeEvidence(file.name)}
          </button>
        ))}
        <input
          ref={input}
          type="file"
          class="hidden"
          tabIndex={-1}
          aria-hidden="true"
          onChange={(e) => {
            attach(e.currentTarget.files?.[0]);
            e.currentTarget.value = "";
          }}
        />
        {doing === "lift" && <Lift of={of} onClose={() => setDoing(null)} />}
        {doing === "answer" && <Answer of={of} onClose={() => setDoing(null)} />}
      </div>
    </MarkCard>
  );
}

function Lift(props: { of: CheatMark; onClose: () => void }): VNode {
  const t = m.value;
  const [reason, setReason] = useState("");
  const { flaws, submit } = useForm(async () => {
    await api.liftMark(props.of.id, reason.trim());
    told();
    props.onClose();
  }, ["reason"]);
  return (
    <Dialog title={t.liftTitle} onClose={props.onClose}>
      <p>{t.liftText}</p>
      <Form onSubmit={submit} flaws={flaws} submit={t.lift}>
        <Field label={t.reason} value={reason} onInput={setReason} maxLength={500} hint={t.reasonHint} error={flaws.of("reason")} focus />
      </Form>
    </Dialog>
  );
}

function Answer(props: { of: CheatMark; onClose: () => void }): VNode {
  const t = m.value;
  const [text, setText] = useState("");
  const [decision, setDecision] = useState<"keep" | "lift">("keep");
  const { flaws, submit } = useForm(async () => {
    await api.answerAppeal(props.of.id, decision === "lift", text.trim());
    told();
    props.onClose();
  }, ["text"]);
  return (
    <Dialog title={t.answerTitle} onClose={props.onClose}>
      <blockquote class="appeal">
        <p class="bio">{props.of.appeal?.text}</p>
      </blockquote>
      <Form onSubmit={submit} flaws={flaws} submit={t.answer} idle={text.trim() === ""}>
        <Choose label={t.decision} value={decision} onChange={setDecision} options={[["keep", t.reject], ["lift", t.grant]]} />
        <Field label={t.answer} value={text} onInput={setText} rows={4} maxLength={2000} hint={t.answerText} error={flaws.of("text")} required focus />
      </Form>
    </Dialog>
  );
}

const DAY_MS = 86_400_000;
const SEVERITIES = ["notice", "serious", "grave"] as const;

/** Sets a mark; where the machine is known, so is the account. */
export function MarkDialog(props: { account: number | null; machine: number | null; onClose: () => void }): VNode {
  const t = m.value;
  const [picked, setPicked] = useState<Account[]>([]);
  const [reason, setReason] = useState("");
  const [category, setCategory] = useState("");
  const [severity, setSeverity] = useState<(typeof SEVERITIES)[number]>("serious");
  const [number, setNumber] = useState(props.machine === null ? "" : String(props.machine));
  const [launch, setLaunch] = useState("");
  const [long, setLong] = useState("forever");
  const account = props.account ?? picked[0]?.id ?? null;
  const { flaws, submit } = useForm(async () => {
    if (account === null) return;
    const b: NewMark = { account, reason: reason.trim(), severity };
    if (category.trim()) b.category = category.trim();
    if (number.trim()) b.machine = Number(number);
    if (launch.trim()) b.launch = launch.trim();
    if (long !== "forever") b.until = new Date(Date.now() + (Number(long) / 86_400) * DAY_MS).toISOString();
    await api.setMark(b);
    told();
    props.onClose();
  }, ["reason", "category", "machine", "launch"]);
  return (
    <Dialog title={t.newMark} onClose={props.onClose}>
      <Form onSubmit={submit} flaws={flaws} submit={t.newMark} idle={account === null || reason.trim() === ""}>
        {props.account === null ? <PeoplePicker picked={picked} onChange={setPicked} single focus /> : <p>{t.against(who(props.account))}</p>}
        <Field label={t.reason} value={reason} onInput={setReason} maxLength={500} hint={t.reasonHint} error={flaws.of("reason")} required />
        <Choose label={t.severity} value={severity} onChange={setSeverity} options={SEVERITIES.map((s) => [s, t.severities[s] ?? s] as const)} />
        <Choose label={t.howLong} value={long} onChange={setLong} options={Object.entries(t.durations)} />
        <Field label={t.category} value={category} onInput={setCategory} maxLength={40} hint={t.categoryHint} error={flaws.of("category")} />
        <Field label={t.machineNumber} value={number} onInput={setNumber} type="number" error={flaws.of("machine")} />
        <Field label={t.checkCode} value={launch} onInput={setLaunch} maxLength={40} error={flaws.of("launch")} />
      </Form>
    </Dialog>
  );
}
