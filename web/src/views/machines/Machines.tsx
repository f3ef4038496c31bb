// My machines: which are bound, which were released, what others offer, and how to bind one more.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { all } from "../../api";
import * as api from "../../api-machines";
import type { Machine, Offer } from "../../api-machines";
import { confirm } from "../../parts/Dialog";
import { Icon, IconButton } from "../../parts/Icon";
import { Menu } from "../../parts/Menu";
import { Empty, Loaded } from "../../parts/States";
import { ago } from "../../parts/span";
import { date } from "../../parts/time";
import { useLoad } from "../../parts/useLoad";
import { useNow } from "../../parts/useNow";
import { changed } from "../../state/app";
import { certificateWords, waitWords } from "../../state/machines";
import { attempt } from "../../state/notices";
import { numberAt, route } from "../../state/route";
import { w } from "../../words";
import { m } from "../../words/machines";
import { Page, Part } from "../Page";
import { AskDialog, type Asking, choicesFor } from "./Actions";
import { CopyLine, nameOfMachine, registerCommand, seenWords, StateTag, who } from "./Bits";
import { OfflineRequest } from "./Certificates";
import { MachinePage } from "./Machine";
import { MyMarks } from "./Marks";

const MOST = 1000;

export function Machines(): VNode {
  const t = m.value;
  const id = numberAt(route.value, 1);
  if (id !== null) return <MachinePage key={id} id={id} />;
  const tab = route.value.path[1] === "released" ? "released" : route.value.path[1] === "marks" ? "marks" : "bound";
  const tabs = [
    ["bound", "/machines", t.bound],
    ["released", "/machines/released", t.releasedOnes],
    ["marks", "/machines/marks", t.marks],
  ] as const;
  return (
    <Page title={t.myMachines}>
      <nav class="tabs" aria-label={t.myMachines}>
        {tabs.map(([name, to, text]) => (
          <a key={name} href={`#${to}`} aria-current={tab === name ? "page" : undefined}>
            {text}
          </a>
        ))}
      </nav>
      {tab === "bound" && <Bound />}
      {tab === "released" && <Released />}
      {tab === "marks" && <MyMarks />}
    </Page>
  );
}

function Bound(): VNode {
  const t = m.value;
  const now = useNow();
  const list = useLoad(() => all((after) => api.machines("bound", after), MOST), [changed.machines.value, now]);
  const offers = useLoad(api.offers, [changed.machines.value]);
  // Kept here and not in the line: a token must stay readable when its machine leaves the list meanwhile.
  const [asking, setAsking] = useState<{ of: Machine; what: Asking } | null>(null);
  return (
    <>
      {!!offers.value?.items.length && <Offers of={offers.value.items} />}
      <Loaded of={list}>
        {(items) =>
          items.length === 0 ? (
            <FirstMachine />
          ) : (
            <>
              <ul class="box">
                {items.map((one) => (
                  <MachineLine key={one.id} of={one} now={now} ask={(what) => setAsking({ of: one, what })} />
                ))}
              </ul>
              <Part title={t.addAnother}>
                <AddMachine />
              </Part>
            </>
          )
        }
      </Loaded>
      {asking && <AskDialog of={asking.of} asking={asking.what} onClose={() => setAsking(null)} />}
    </>
  );
}

function FirstMachine(): VNode {
  const t = m.value;
  return (
    <>
      <Empty icon="machine" title={t.empty} text={t.emptyText} />
      <AddMachine />
    </>
  );
}

/** The line to type on the other computer, and the way for one without network. */
function AddMachine(): VNode {
  const t = m.value;
  const [offline, setOffline] = useState(false);
  return (
    <div class="box box-pad part">
      <CopyLine label={t.command} text={registerCommand()} />
      <p class="soft">{t.emptyAfter}</p>
      <p class="hint">
        {t.emptyTrust} <a class="finger" href="/trust">/trust</a>
      </p>
      <div class="actions actions-left">
        <button type="button" class="button" onClick={() => setOffline(true)}>
          <Icon name="key" /> {t.offline}
        </button>
      </div>
      {offline && <OfflineRequest onClose={() => setOffline(false)} />}
    </div>
  );
}

function MachineLine(props: { of: Machine; now: number; ask: (what: Asking) => void }): VNode {
  const { of, now } = props;
  const t = m.value;
  const [menu, setMenu] = useState<Element | null>(null);
  const choices = choicesFor(of, props.ask, now);
  const name = nameOfMachine(of);
  const notes = [seenWords(of, now), of.drift && t.driftShort(ago(of.drift.at, now)), certificateWords(of, now), of.ban && t.banBecause(of.ban.reason), of.offer && t.offeredTo(who(of.offer.to))];
  const wait = waitWords(of, now);
  return (
    <li class="row">
      <span class="machine-sign">
        <Icon name="machine" />
      </span>
      <a class="row-text" href={`#/machines/${of.id}`}>
        <span class="row-name">{name}</span>
        <span class="row-note">{notes.filter(Boolean).join(" · ")}</span>
        {wait && (
          <span class="row-note">
            {t.release}: {wait.text}
          </span>
        )}
      </a>
      <span class="row-acts">
        <StateTag state={of.state} />
        {choices.length > 0 && <IconButton name="more" label={t.actionsOf(name)} onClick={(e) => setMenu(e.currentTarget as Element)} />}
      </span>
      {menu && <Menu anchor={menu} label={t.actionsOf(name)} choices={choices} onClose={() => setMenu(null)} />}
    </li>
  );
}

function Offers(props: { of: readonly Offer[] }): VNode {
  const t = m.value;
  const told = () => changed.machines.value++;
  const take = async (o: Offer) => {
    if (await confirm(t.acceptTitle(o.name || t.machine(o.machine)), t.acceptText, t.take, false)) void attempt(() => api.answerOffer(o.machine, "accept"), t.taken).then(told);
  };
  return (
    <Part title={t.offersToYou}>
      <ul class="box">
        {props.of.map((o) => (
          <li class="row" key={o.machine}>
            <span class="machine-sign">
              <Icon name="machine" />
            </span>
            <span class="row-text">
              <span class="row-name">{o.name || t.machine(o.machine)}</span>
              <span class="row-note">{[t.offeredBy(who(o.from)), t.offerEnds(date(o.lapses_at))].join(" · ")}</span>
            </span>
            <span class="row-acts">
              <button type="button" class="button button-small button-main" onClick={() => void take(o)}>
                {w.value.accept}
              </button>
              <button type="button" class="button button-small" onClick={() => void attempt(() => api.answerOffer(o.machine, "decline"), t.declined).then(told)}>
                {w.value.decline}
              </button>
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Released(): VNode {
  const t = m.value;
  const list = useLoad(() => all((after) => api.machines("released", after), MOST), [changed.machines.value]);
  const now = useNow();
  return (
    <Loaded of={list}>
      {(items) =>
        items.length === 0 ? (
          <Empty icon="machine" title={t.noReleased} text={t.noReleasedText} />
        ) : (
          <ul class="box">
            {items.map((one) => (
              <MachineLine key={one.id} of={one} now={now} ask={() => {}} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}
