// Friends: search and ask, requests both ways, the list, and who is blocked.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api";
import { PersonRow, SearchBox, useFound } from "../parts/People";
import { Empty, Loaded, Waiting } from "../parts/States";
import { useLoad } from "../parts/useLoad";
import { changed } from "../state/app";
import { attempt } from "../state/notices";
import { learn, nameOf, person } from "../state/people";
import { w } from "../words";
import { talkTo } from "./NewRoom";
import { Page, Part } from "./Page";

export function Friends(): VNode {
  const t = w.value;
  const [search, setSearch] = useState("");
  const { found, busy } = useFound(search);
  const friends = useLoad(async () => {
    const list = await api.all(api.friends, 1000);
    for (const f of list) learn(f.account);
    return list;
  }, [changed.friends.value]);
  const requests = useLoad(api.friendRequests, [changed.friends.value]);
  const blocks = useLoad(api.blocks, [changed.friends.value]);
  const again = () => {
    changed.friends.value++;
  };
  const incoming = requests.value?.items.filter((r) => r.direction === "in") ?? [];
  const outgoing = requests.value?.items.filter((r) => r.direction === "out") ?? [];
  return (
    <Page title={t.friends}>
      <SearchBox label={t.searchPeople} value={search} onInput={setSearch} />
      {busy && <Waiting />}
      {found && !busy && (
        <Part title={t.search}>
          <ul class="box">
            {found.length === 0 && <Empty icon="find" title={t.nothingFound} text={t.nobodyFound} />}
            {found.map((a) => (
              <PersonRow key={a.id} of={a} />
            ))}
          </ul>
        </Part>
      )}
      {incoming.length + outgoing.length > 0 && (
        <Part title={t.requests}>
          <ul class="box">
            {incoming.map((r) => (
              <PersonRow key={r.account.id} of={r.account} note={r.note || t.wantsFriend}>
                <button type="button" class="button button-small button-main" onClick={() => void attempt(() => api.answerFriend(r.account.id, "accept")).then(again)}>
                  {t.accept}
                </button>
                <button type="button" class="button button-small" onClick={() => void attempt(() => api.answerFriend(r.account.id, "decline")).then(again)}>
                  {t.decline}
                </button>
              </PersonRow>
            ))}
            {outgoing.map((r) => (
              <PersonRow key={r.account.id} of={r.account} note={t.waitingFor}>
                <button type="button" class="button button-small" onClick={() => void attempt(() => api.withdrawFriend(r.account.id)).then(again)}>
                  {t.cancel}
                </button>
              </PersonRow>
            ))}
          </ul>
        </Part>
      )}
      <Part title={t.yourFriends}>
        <Loaded of={friends}>
          {(list) => (
            <ul class="box">
              {list.length === 0 && (
                <li>
                  <Empty icon="friends" title={t.noFriends} text={t.noFriendsText} />
                </li>
              )}
              {[...list]
                .sort((a, b) => nameOf(a.account).localeCompare(nameOf(b.account)))
                .map((f) => {
                  const a = person(f.account.id).value ?? f.account;
                  return (
                    <PersonRow key={a.id} of={a} note={a.status || `@${a.handle}`}>
                      <button type="button" class="button button-small" aria-label={`${t.talk}: ${nameOf(a)}`} onClick={() => void talkTo(a)}>
                        {t.talk}
                      </button>
                    </PersonRow>
                  );
                })}
            </ul>
          )}
        </Loaded>
      </Part>
      {!!blocks.value?.items.length && (
        <Part title={t.blocked}>
          <ul class="box">
            {blocks.value.items.map((b) => (
              <PersonRow key={b.account.id} of={b.account}>
                <button type="button" class="button button-small" onClick={() => void attempt(() => api.unblock(b.account.id)).then(again)}>
                  {t.unblock}
                </button>
              </PersonRow>
            ))}
          </ul>
        </Part>
      )}
    </Page>
  );
}
