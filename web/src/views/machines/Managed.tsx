// A machine of somebody else, as who manages machines sees it, and what can be done: ban, release, give to another, set a mark.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type Account, Problem } from "../../api";
import * as api from "../../api-machines";
import type { Machine } from "../../api-machines";
import { confirm, Dialog } from "../../parts/Dialog";
import { Choose, Field, Form, useForm } from "../../parts/Field";
import { Icon, IconButton } from "../../parts/Icon";
import type { Choice } from "../../parts/Menu";
import { PeoplePicker } from "../../parts/People";
import { Empty, Loaded } from "../../parts/States";
import { ago } from "../../parts/span";
import { date, moment, until } from "../../parts/time";
import { useLoad } from "../../parts/useLoad";
import { useNow } from "../../parts/useNow";
import { changed } from "../../state/app";
import { certificateWords, shortCode } from "../../state/machines";
import { attempt, notify } from "../../state/notices";
import { go } from "../../state/route";
import { w } from "../../words";
import { m } from "../../words/machines";
import { Replace } from "./Actions";
import { nameOfMachine, Pairs, StateTag, who } from "./Bits";
import { MarkDialog } from "./ManagedMarks";

export type Managing = "ban" | "release" | "move" | "replace" | "mark";
const told = () => changed.machines.value++;

export function managingChoices(of: Machine, ask: (what: Managing) => void): Choice[] {
  const t = m.value;
  const mark: Choice = { icon: "flag", text: t.newMark, act: () => ask("mark") };
  if (of.state === "released") return [mark];
  const unban = async () => {
    if ((await confirm(t.unbanTitle(nameOfMachine(of)), t.unbanText, t.unban, false)) && (await attempt(() => api.unban(of.id), w.value.saved))) told();
  };
  return [
    of.state === "banned" ? { icon: "check", text: t.unban, act: () => void unban() } : { icon: "ban", text: t.ban, danger: true, act: () => ask("ban") },
    ...(of.state === "banned" ? [] : ([
          { icon: "friends", text: t.move, act: () => ask("move") },
          { icon: "swap", text: t.replace, danger: true, act: () => ask("replace") },
        ] satisfies Choice[])),
    mark,
    { icon: "leave", text: t.release, danger: true, act: () => ask("release") },
  ];
}

export function ManagedDialog(props: { of: Machine; doing: Managing; onClose: () => void }): VNode {
  const { of, doing, onClose } = props;
  if (doing === "ban") return <Ban of={of} onClose={onClose} />;
  if (doing === "release") return <Release of={of} onClose={onClose} />;
  if (doing === "move") return <Move of={of} onClose={onClose} />;
  if (doing === "replace") return <Replace of={of} put={api.replaceManaged} text={m.value.replaceManagedText} onClose={onClose} />;
  return <MarkDialog account={of.account} machine={of.id} onClose={onClose} />;
}

function Ban(props: { of: Machine; onClose: () => void }): VNode {
  const t = m.value;
  const [reason, setReason] = useState("");
  const [long, setLong] = useState("forever");
  const { flaws, submit } = useForm(async () => {
    await api.ban(props.of.id, reason.trim(), long === "forever" ? null : Number(long));
    told();
    props.onClose();
  }, ["reason", "for_s"]);
  return (
    <Dialog title={t.banTitle(nameOfMachine(props.of))} onClose={props.onClose}>
      <p>{t.banText}</p>
      <Form onSubmit={submit} flaws={flaws} submit={t.ban} idle={reason.trim() === ""}>
        <Field label={t.reason} value={reason} onInput={setReason} maxLength={500} hint={t.reasonHint} error={flaws.of("reason")} required focus />
        <Choose label={t.howLong} value={long} onChange={setLong} options={Object.entries(t.durations)} />
      </Form>
    </Dialog>
  );
}

function Release(props: { of: Machine; onClose: () => void }): VNode {
  const t = m.value;
  const [reason, setReason] = useState("");
  const { flaws, submit } = useForm(async () => {
    await api.releaseManaged(props.of.id, reason.trim());
    notify("done", t.released);
    told();
    props.onClose();
  }, ["reason"]);
  return (
    <Dialog title={t.releaseManaged(nameOfMachine(props.of))} onClose={props.onClose}>
      <p>{t.releaseManagedText}</p>
      <Form onSubmit={submit} flaws={flaws} submit={t.release} idle={reason.trim() === ""}>
        <Field label={t.reason} value={reason} onInput={setReason} maxLength={500} hint={t.reasonHint} error={flaws.of("reason")} required focus />
      </Form>
    </Dialog>
  );
}

function Move(props: { of: Machine; onClose: () => void }): VNode {
  const t = m.value;
  const [picked, setPicked] = useState<Account[]>([]);
  const { flaws, submit } = useForm(async () => {
    const to = picked[0];
    if (!to) return;
    await api.move(props.of.id, to.id);
    notify("done", t.moved);
    told();
    props.onClose();
  }, []);
  return (
    <Dialog title={t.transferManaged(nameOfMachine(props.of))} onClose={props.onClose}>
      <p>{t.transferManagedText}</p>
      <Form onSubmit={submit} flaws={flaws} submit={t.move} idle={picked.length === 0}>
        <PeoplePicker picked={picked} onChange={setPicked} single focus />
      </Form>
    </Dialog>
  );
}

export function Managed(props: { id: number }): VNode {
  const t = m.value;
  const load = useLoad<Machine | "none">(
    () =>
      api.managedMachine(props.id).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 404) return "none";
        throw error;
      }),
    [props.id, changed.machines.value],
  );
  return (
    <Loaded of={load}>
      {(found) =>
        found === "none" ? (
          <Empty icon="machine" title={t.noSuchMachine}>
            <a class="button" href="#/admin/machines">
              {w.value.back}
            </a>
          </Empty>
        ) : (
          <Known of={found} />
        )
      }
    </Loaded>
  );
}

function Known(props: { of: Machine }): VNode {
  const { of } = props;
  const t = m.value;
  const now = useNow();
  const [doing, setDoing] = useState<Managing | null>(null);
  const rows: (readonly [string, string | VNode])[] = [
    [t.owner, <a class="finger" href={`#/people/${of.account}`}>{who(of.account)}</a>],
    [t.code, <code>{shortCode(of.code)}</code>],
    [t.lastSeen, of.last_seen ? `${ago(of.last_seen, now)} (${moment(of.last_seen)})` : t.never],
    [t.boundAt, `${moment(of.bound_at)} · ${t.viaWords[of.via] ?? of.via}`],
    [t.drift, of.drift ? t.driftOf(date(of.drift.at), of.drift.score) : t.noDrift],
    [t.fingerprint, of.fingerprint ? t.fingerprintOf(of.fingerprint.components, of.fingerprint.classes) : t.none],
    [t.certificate, certificateWords(of, now)],
  ];
  return (
    <section class="part">
      <div class="page-head">
        <IconButton name="back" label={w.value.back} onClick={() => go("/admin/machines")} />
        <h3 class="grow">{nameOfMachine(of)}</h3>
        <StateTag state={of.state} />
      </div>
      {of.ban && (
        <p class="banner" role="status">
          <Icon name="ban" />
          <span>
            {t.banBecause(of.ban.reason)} {t.banUntil(until(of.ban.until))}
          </span>
        </p>
      )}
      <div class="actions actions-left">
        {managingChoices(of, setDoing).map((c) => (
          <button key={c.text} type="button" class={`button ${c.danger ? "button-danger" : ""}`} onClick={c.act}>
            <Icon name={c.icon} /> {c.text}
          </button>
        ))}
      </div>
      <Pairs of={rows} label={t.state} />
      {doing && <ManagedDialog of={of} doing={doing} onClose={() => setDoing(null)} />}
    </section>
  );
}
