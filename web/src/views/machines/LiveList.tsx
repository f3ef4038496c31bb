// All machines as they are now: searched by the ends of a code, a number or an owner, one state or every, renewed as things happen.
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../../api-machines";
import type { Machine } from "../../api-machines";
import { Choose } from "../../parts/Field";
import { Icon, IconButton } from "../../parts/Icon";
import { Menu } from "../../parts/Menu";
import { Empty, Loaded } from "../../parts/States";
import { useNow } from "../../parts/useNow";
import { usePages } from "../../parts/usePages";
import { changed } from "../../state/app";
import { shortCode } from "../../state/machines";
import { w } from "../../words";
import { m } from "../../words/machines";
import { More, nameOfMachine, seenWords, StateTag, who } from "./Bits";
import { ManagedDialog, type Managing, managingChoices } from "./Managed";

const TYPING_PAUSE_MS = 300;
const STATES = ["", "active", "inactive", "banned", "released"] as const;

export function LiveList(): VNode {
  const t = m.value;
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  const [state, setState] = useState<(typeof STATES)[number]>("");
  const now = useNow();
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const list = usePages((after) => api.findMachines(search, state, after), [search, state, changed.machines.value, changed.alerts.value, now]);
  return (
    <>
      <div class="filters">
        <div class="field">
          <label for="machine-search">{w.value.search}</label>
          <input id="machine-search" type="search" placeholder={t.searchMachines} value={typed} aria-describedby="machine-search-hint" onInput={(e) => setTyped(e.currentTarget.value)} />
        </div>
        <Choose label={t.state} value={state} onChange={setState} options={STATES.map((s) => [s, s === "" ? t.everyState : (t.states[s] ?? s)] as const)} />
      </div>
      <p class="hint" id="machine-search-hint">
        {t.searchMachines}. {t.searchHint} {t.liveNote}
      </p>
      <Loaded of={list}>
        {({ items, next }) => {
          if (items.length === 0) return search || state ? <Empty icon="find" title={w.value.nothingFound} /> : <Empty icon="machine" title={t.noMachines} text={t.noMachinesText} />;
          return (
            <>
              <ul class="box">
                {items.map((one) => (
                  <Line key={one.id} of={one} now={now} />
                ))}
              </ul>
              {next && <More of={list} />}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Line(props: { of: Machine; now: number }): VNode {
  const { of, now } = props;
  const t = m.value;
  const [menu, setMenu] = useState<Element | null>(null);
  const [doing, setDoing] = useState<Managing | null>(null);
  const name = nameOfMachine(of);
  const choices = managingChoices(of, setDoing);
  return (
    <li class="row">
      <span class="machine-sign">
        <Icon name="machine" />
      </span>
      <a class="row-text" href={`#/admin/machines/${of.id}`}>
        <span class="row-name">{name}</span>
        <span class="row-note">{[who(of.account), `${t.machine(of.id)}`, seenWords(of, now)].join(" · ")}</span>
        <span class="row-note mono">{shortCode(of.code)}</span>
      </a>
      <span class="row-acts">
        <StateTag state={of.state} />
        {choices.length > 0 && <IconButton name="more" label={t.actionsOf(name)} onClick={(e) => setMenu(e.currentTarget as Element)} />}
      </span>
      {menu && <Menu anchor={menu} label={t.actionsOf(name)} choices={choices} onClose={() => setMenu(null)} />}
      {doing && <ManagedDialog of={of} doing={doing} onClose={() => setDoing(null)} />}
    </li>
  );
}
