// One machine of mine: how it stands, its heartbeats, what happened to it, its certificates, its checks, and what it told.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../../api";
import * as api from "../../api-machines";
import type { Happening, Machine } from "../../api-machines";
import { Check } from "../../parts/Field";
import { HoursPlot } from "../../parts/HoursPlot";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/States";
import { ago, span } from "../../parts/span";
import { date, moment, until } from "../../parts/time";
import { useLoad } from "../../parts/useLoad";
import { useNow } from "../../parts/useNow";
import { usePages } from "../../parts/usePages";
import { changed } from "../../state/app";
import { week } from "../../state/hours";
import { certificateWords, waitWords } from "../../state/machines";
import { attempt } from "../../state/notices";
import { w } from "../../words";
import { m } from "../../words/machines";
import { Page, Part } from "../Page";
import { AskDialog, type Asking, choicesFor } from "./Actions";
import { More, nameOfMachine, Pairs, StateTag, who } from "./Bits";
import { Certificates } from "./Certificates";

export function MachinePage(props: { id: number }): VNode {
  const t = m.value;
  const now = useNow();
  const load = useLoad<Machine | "none">(
    () =>
      api.machine(props.id).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 404) return "none";
        throw error;
      }),
    [props.id, changed.machines.value, now],
  );
  return (
    <Loaded of={load}>
      {(found) =>
        found === "none" ? (
          <Empty icon="machine" title={t.noSuchMachine} text={t.noSuchMachineText}>
            <a class="button" href="#/machines">
              {t.myMachines}
            </a>
          </Empty>
        ) : (
          <Known of={found} now={now} />
        )
      }
    </Loaded>
  );
}

function Known(props: { of: Machine; now: number }): VNode {
  const { of, now } = props;
  const t = m.value;
  const bound = of.state !== "released";
  return (
    <Page title={nameOfMachine(of)} back={bound ? "/machines" : "/machines/released"} acts={<StateTag state={of.state} />}>
      <p class="soft">{t.stateTexts[of.state]}</p>
      {of.ban && (
        <p class="banner" role="status">
          <Icon name="ban" />
          <span>
            {t.banBecause(of.ban.reason)} {t.banUntil(until(of.ban.until))}
          </span>
        </p>
      )}
      <Deeds of={of} now={now} />
      <Standing of={of} now={now} />
      {bound && <Beating of={of} now={now} />}
      {bound && <Certificates machine={of.id} now={now} />}
      <Timeline id={of.id} />
      <Checks id={of.id} />
      {bound && <Facts of={of} />}
    </Page>
  );
}

function Deeds(props: { of: Machine; now: number }): VNode | null {
  const { of, now } = props;
  const [asking, setAsking] = useState<Asking | null>(null);
  const t = m.value;
  const choices = choicesFor(of, setAsking, now);
  const wait = waitWords(of, now);
  if (choices.length === 0 && !asking) return null;
  return (
    <>
      <div class="actions actions-left">
        {choices.map((c) => (
          <button key={c.text} type="button" class={`button ${c.danger ? "button-danger" : ""}`} onClick={c.act}>
            <Icon name={c.icon} /> {c.text}
          </button>
        ))}
      </div>
      {wait && (
        <p class="soft wait">
          <Icon name="clock" /> {t.waiting}: {wait.text}
        </p>
      )}
      {asking && <AskDialog of={of} asking={asking} onClose={() => setAsking(null)} />}
    </>
  );
}

function Standing(props: { of: Machine; now: number }): VNode {
  const { of, now } = props;
  const t = m.value;
  const beat = of.heartbeat.required ? [t.heartbeatEvery(span(of.heartbeat.every_s * 1000)), of.heartbeat.due_at && of.state === "active" ? t.heartbeatDue(ago(of.heartbeat.due_at, now)) : ""].filter(Boolean).join(", ") : t.heartbeatOff;
  const rows: [string, string | VNode][] = [
    [t.lastSeen, of.last_seen ? `${ago(of.last_seen, now)} (${moment(of.last_seen)})` : t.never],
    [t.heartbeat, beat],
    [t.drift, of.drift ? t.driftOf(date(of.drift.at), of.drift.score) : t.noDrift],
    [t.fingerprint, of.fingerprint ? t.fingerprintOf(of.fingerprint.components, of.fingerprint.classes) : t.none],
    [t.certificate, certificateWords(of, now)],
    [t.boundAt, `${moment(of.bound_at)} · ${t.viaWords[of.via] ?? of.via}`],
    [t.code, <code>{of.code}</code>],
  ];
  if (of.offer) rows.unshift([t.transfer, t.offeredTo(who(of.offer.to))]);
  return <Pairs of={rows} label={t.state} />;
}

function Beating(props: { of: Machine; now: number }): VNode {
  const { of, now } = props;
  const t = m.value;
  const beats = useLoad(() => api.heartbeats(of.id), [of.id, of.last_seen, changed.machines.value]);
  return (
    <Part title={t.plot}>
      <Loaded of={beats}>{(got) => <HoursPlot days={week(got, Date.parse(of.bound_at), now)} now={now} />}</Loaded>
      {of.state !== "banned" && (
        <>
          <Check
            label={t.keepHeartbeat}
            value={of.heartbeat.required}
            onChange={(heartbeat) => void attempt(() => api.changeMachine(of.id, { heartbeat }), w.value.saved).then(() => changed.machines.value++)}
          />
          <p class="hint">{t.keepHeartbeatText}</p>
        </>
      )}
    </Part>
  );
}

/** To whom, how much, which: what an entry names beside its word. */
function detailOf(h: Happening): string {
  const t = m.value;
  if (h.score !== undefined) return `${h.score} %`;
  if (h.serial) return t.serial(h.serial);
  if (h.account) return who(h.account);
  return h.machine ? t.machine(h.machine) : "";
}

function Timeline(props: { id: number }): VNode {
  const t = m.value;
  const list = usePages((after) => api.timeline(props.id, after), [props.id, changed.machines.value]);
  return (
    <Part title={t.timeline}>
      <Loaded of={list}>
        {({ items, next }) => (
          <>
            {items.length === 0 && <p class="soft">{t.noTimeline}</p>}
            <ol class="happened">
              {items.map((h, i) => (
                <li key={`${h.at}${i}`}>
                  <span class="happened-what">{t.happened[h.kind] ?? h.kind.replaceAll("_", " ")}</span>
                  <span class="soft">{detailOf(h)}</span>
                  <time dateTime={h.at}>{moment(h.at)}</time>
                </li>
              ))}
            </ol>
            {next && <More of={list} />}
          </>
        )}
      </Loaded>
    </Part>
  );
}

function Checks(props: { id: number }): VNode {
  const t = m.value;
  const list = useLoad(() => api.checks(props.id, null), [props.id, changed.machines.value]);
  return (
    <Part title={t.checks}>
      <Loaded of={list}>
        {(page) => (
          <>
            {page.items.length === 0 ? (
              <p class="soft">{t.noChecks}</p>
            ) : (
              <ul class="box">
                {page.items.map((c) => (
                  <li class="row" key={c.launch}>
                    <Icon name={c.outcome === "passed" ? "check" : c.outcome === "failed" ? "warn" : "clock"} />
                    <span class="row-text">
                      <span class="row-name">{t.outcomes[c.outcome ?? "running"] ?? c.outcome}</span>
                      <span class="row-note">{[c.launch, moment(c.started_at), c.detail].filter(Boolean).join(" · ")}</span>
                    </span>
                  </li>
                ))}
              </ul>
            )}
            <div class="actions actions-left">
              <a class="button" href="#/machines/marks">
                <Icon name="flag" /> {t.marksLink}
              </a>
            </div>
          </>
        )}
      </Loaded>
    </Part>
  );
}

function Facts(props: { of: Machine }): VNode {
  const t = m.value;
  const facts = props.of.facts ?? [];
  return (
    <Part title={t.facts} text={t.factsText}>
      {facts.length === 0 ? <p class="soft">{t.noFacts}</p> : <Pairs of={facts.map((f) => [f.name, f.value] as const)} label={t.facts} />}
    </Part>
  );
}
