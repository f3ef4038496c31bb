// Groups that can be found, and the way in by a link.
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import type { Room } from "../api";
import { Face } from "../parts/Avatar";
import { Dialog } from "../parts/Dialog";
import { Field } from "../parts/Field";
import { SearchBox } from "../parts/People";
import { Empty, Loaded } from "../parts/States";
import { useLoad } from "../parts/useLoad";
import { attempt, notify } from "../state/notices";
import { loadRooms, rooms } from "../state/rooms";
import { go } from "../state/route";
import { w } from "../words";
import { Page, Part } from "./Page";

const TYPING_PAUSE_MS = 250;

/** The token in what somebody pasted: a whole address or the bare token. */
export const tokenIn = (text: string): string => {
  const bare = text.trim();
  return decodeURIComponent(/\/join\/([^/?#\s]+)/.exec(bare)?.[1] ?? bare);
};

export async function enterRoom(id: number): Promise<void> {
  await loadRooms();
  go(`/rooms/${id}`);
}

export function Find(): VNode {
  const t = w.value;
  const [search, setSearch] = useState("");
  const [asked, setAsked] = useState("");
  const [link, setLink] = useState("");
  const [asking, setAsking] = useState<Room | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(search.trim()), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [search]);
  const found = useLoad(() => api.findRooms(asked), [asked]);
  return (
    <Page title={t.findRooms}>
      <p class="soft">{t.findText}</p>
      <SearchBox label={t.searchGroups} value={search} onInput={setSearch} />
      <Loaded of={found}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty icon="find" title={asked ? t.nothingFound : t.noGroups} text={asked ? t.noGroupFound : t.noGroupsText} />
          ) : (
            <ul class="box">
              {page.items.map((r) => (
                <FoundRow key={r.id} of={r} onAsk={() => setAsking(r)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Part title={t.haveLink}>
        <form
          class="copy-line"
          onSubmit={(e) => {
            e.preventDefault();
            if (link.trim()) go(`/join/${encodeURIComponent(tokenIn(link))}`);
          }}
        >
          <input type="text" aria-label={t.linkOrCode} placeholder={t.linkOrCode} value={link} onInput={(e) => setLink(e.currentTarget.value)} />
          <button type="submit" class="button" disabled={link.trim() === ""}>
            {t.goOn}
          </button>
        </form>
      </Part>
      {asking && <Asking of={asking} onClose={() => setAsking(null)} />}
    </Page>
  );
}

function FoundRow(props: { of: Room; onAsk: () => void }): VNode {
  const r = props.of;
  const t = w.value;
  const member = rooms.value.has(r.id);
  return (
    <li class="row">
      <Face id={r.id} name={r.title} picture={r.avatar} square />
      <span class="row-text">
        <span class="row-name">{r.title}</span>
        <span class="row-note">
          {t.membersCount(r.members_count)}
          {r.description && ` · ${r.description}`}
        </span>
      </span>
      <span class="row-acts">
        {member ? (
          <a class="button button-small" href={`#/rooms/${r.id}`} aria-label={`${t.openIt}: ${r.title}`}>
            {t.openIt}
          </a>
        ) : r.join_rule === "open" ? (
          <button
            type="button"
            class="button button-small button-main"
            aria-label={`${t.join}: ${r.title}`}
            onClick={() =>
              void attempt(async () => {
                await api.join(r.id);
                await enterRoom(r.id);
              })
            }
          >
            {t.join}
          </button>
        ) : r.join_rule === "request" ? (
          <button type="button" class="button button-small" aria-label={`${t.ask}: ${r.title}`} onClick={props.onAsk}>
            {t.ask}
          </button>
        ) : (
          <span class="tag">{t.byInvite}</span>
        )}
      </span>
    </li>
  );
}

function Asking(props: { of: Room; onClose: () => void }): VNode {
  const t = w.value;
  const [note, setNote] = useState("");
  return (
    <Dialog title={t.joinTitle(props.of.title)} onClose={props.onClose}>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault();
          props.onClose();
          void attempt(async () => {
            const answer = await api.join(props.of.id, note.trim());
            if (answer?.state === "joined") await enterRoom(props.of.id);
            else notify("done", t.asked);
          });
        }}
      >
        <Field label={t.noteOptional} value={note} onInput={setNote} maxLength={200} rows={2} focus />
        <button type="submit" class="button button-main">
          {t.ask}
        </button>
      </form>
    </Dialog>
  );
}
