// People in rows, and the search that picks some.
import { type ComponentChildren, type VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import type { Account, Id } from "../api";
import { me } from "../state/app";
import { learn, nameOf } from "../state/people";
import { w } from "../words";
import { PersonFace } from "./Avatar";
import { Icon } from "./Icon";
import { Waiting } from "./States";

export function PersonRow(props: { of: Account; note?: ComponentChildren; children?: ComponentChildren; link?: boolean }): VNode {
  const a = props.of;
  const text = (
    <>
      <span class="row-name">{nameOf(a)}</span>
      <span class="row-note">{props.note ?? `@${a.handle}`}</span>
    </>
  );
  return (
    <li class="row">
      <PersonFace of={a} presence />
      {props.link === false ? (
        <span class="row-text">{text}</span>
      ) : (
        <a class="row-text" href={`#/people/${a.id}`}>
          {text}
        </a>
      )}
      {props.children && <span class="row-acts">{props.children}</span>}
    </li>
  );
}

const TYPING_PAUSE_MS = 250;

/** Results of a search among all accounts, without oneself. */
export function useFound(search: string): { found: Account[] | null; busy: boolean } {
  const [found, setFound] = useState<Account[] | null>(null);
  const [busy, setBusy] = useState(false);
  const text = search.trim().replace(/^@/, "");
  useEffect(() => {
    if (text === "") {
      setFound(null);
      setBusy(false);
      return;
    }
    let late = false;
    setBusy(true);
    const timer = setTimeout(() => {
      api
        .findAccounts(text)
        .then(
          (page) => {
            if (late) return;
            for (const a of page.items) learn(a);
            setFound(page.items.filter((a) => a.id !== me.value?.id));
          },
          () => !late && setFound([]),
        )
        .finally(() => !late && setBusy(false));
    }, TYPING_PAUSE_MS);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [text]);
  return { found, busy };
}

export function SearchBox(props: { label: string; value: string; onInput: (text: string) => void; focus?: boolean }): VNode {
  return (
    <div class="search">
      <Icon name="find" />
      <input
        type="search"
        aria-label={props.label}
        placeholder={props.label}
        value={props.value}
        onInput={(e) => props.onInput(e.currentTarget.value)}
        onKeyDown={(e) => e.key === "Enter" && e.preventDefault()}
        autoFocus={props.focus}
      />
    </div>
  );
}

/** Search and tick: for new groups and invitations. */
export function PeoplePicker(props: { picked: readonly Account[]; onChange: (to: Account[]) => void; offer?: readonly Account[]; without?: ReadonlySet<Id>; single?: boolean; focus?: boolean }): VNode {
  const [search, setSearch] = useState("");
  const { found, busy } = useFound(search);
  const t = w.value;
  const has = (id: Id) => props.picked.some((p) => p.id === id);
  const list = (found ?? props.offer ?? []).filter((a) => !props.without?.has(a.id));
  const toggle = (a: Account) => props.onChange(has(a.id) ? props.picked.filter((p) => p.id !== a.id) : props.single ? [a] : [...props.picked, a]);
  return (
    <div class="picker">
      <SearchBox label={t.searchPeople} value={search} onInput={setSearch} focus={props.focus} />
      {props.picked.length > 0 && (
        <ul class="chips" aria-label={t.chosen}>
          {props.picked.map((a) => (
            <li key={a.id}>
              <button type="button" class="chip" onClick={() => toggle(a)} aria-label={t.takeOut(nameOf(a))}>
                {nameOf(a)} <Icon name="close" class="icon-small" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {busy && <Waiting />}
      {!busy && found?.length === 0 && <p class="hint">{t.nobodyFound}</p>}
      <ul class="rows picker-rows">
        {list
          .filter((a) => !has(a.id))
          .map((a) => (
            <PersonRow key={a.id} of={a} link={false}>
              <button type="button" class="button button-small" onClick={() => toggle(a)} aria-label={t.choosePerson(nameOf(a))}>
                {t.choose}
              </button>
            </PersonRow>
          ))}
      </ul>
    </div>
  );
}
