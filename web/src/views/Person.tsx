// One person: who it is, and what can be done: write, befriend, name, invite elsewhere, block, report.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api";
import type { Account } from "../api";
import { PersonFace } from "../parts/Avatar";
import { confirm } from "../parts/Dialog";
import { Field, Form, useForm } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { Empty, Loaded } from "../parts/States";
import { useLoad } from "../parts/useLoad";
import { changed, me } from "../state/app";
import { attempt, notify } from "../state/notices";
import { learn, nameOf, person } from "../state/people";
import { numberAt, route } from "../state/route";
import { w } from "../words";
import { talkTo } from "./NewRoom";
import { Page, Part } from "./Page";

export function Person(): VNode {
  const t = w.value;
  const id = numberAt(route.value, 1);
  const load = useLoad(async () => {
    const a = id === null ? "nobody" : await api.account(id).catch(nobody);
    if (a !== "nobody") learn(a);
    return a;
  }, [id, changed.friends.value]);
  return (
    <Loaded of={load}>
      {(a) =>
        a === "nobody" ? (
          <Empty icon="me" title={t.noSuchPerson} text={t.noSuchPersonText}>
            <a class="button" href="#/friends">
              {t.findFriends}
            </a>
          </Empty>
        ) : (
          <Known of={person(a.id).value ?? a} again={load.again} />
        )
      }
    </Loaded>
  );
}

const nobody = (error: unknown): "nobody" => {
  if (error instanceof api.Problem && error.status === 404) return "nobody";
  throw error;
};

function Known(props: { of: Account; again: () => void }): VNode {
  const a = props.of;
  const t = w.value;
  const mine = a.id === me.value?.id;
  const [note, setNote] = useState("");
  const act = (what: () => Promise<unknown>, done?: string) => void attempt(what, done).then(() => changed.friends.value++);
  const block = async () => {
    if (await confirm(t.blockTitle(nameOf(a)), t.blockText, t.block)) act(() => api.block(a.id));
  };
  const unfriend = async () => {
    if (await confirm(t.unfriendTitle(nameOf(a)), t.unfriendText, t.unfriend)) act(() => api.unfriend(a.id));
  };
  return (
    <Page title={nameOf(a)} back="/friends">
      <div class="hello">
        <PersonFace of={a} size="l" presence />
        <div class="hello-text">
          <p class="hello-name">{a.display_name}</p>
          <p class="soft">@{a.handle}</p>
          {a.presence && <p class="soft">{t.presence[a.presence]}</p>}
          {a.status && <p>{a.status}</p>}
        </div>
      </div>
      {a.bio && <p class="bio">{a.bio}</p>}
      {mine ? (
        <p>
          <a class="button" href="#/me">
            {t.profile}
          </a>
        </p>
      ) : (
        <>
          <div class="actions actions-left">
            {a.friend !== "blocked" && (
              <button type="button" class="button button-main" onClick={() => void talkTo(a)}>
                <Icon name="chats" /> {t.talk}
              </button>
            )}
            {a.friend === "asks" && (
              <>
                <button type="button" class="button" onClick={() => act(() => api.answerFriend(a.id, "accept"))}>
                  {t.accept}
                </button>
                <button type="button" class="button" onClick={() => act(() => api.answerFriend(a.id, "decline"))}>
                  {t.decline}
                </button>
              </>
            )}
            {a.friend === "asked" && (
              <button type="button" class="button" onClick={() => act(() => api.withdrawFriend(a.id))}>
                {t.cancel}: {t.waitingFor}
              </button>
            )}
          </div>
          {a.friend === "none" && (
            <Part title={t.askFriend}>
              <form
                class="form"
                onSubmit={(e) => {
                  e.preventDefault();
                  act(() => api.askFriend(a.id, note.trim()), t.askedFriend);
                }}
              >
                <Field label={t.noteOptional} value={note} onInput={setNote} maxLength={200} />
                <div class="actions actions-left">
                  <button type="submit" class="button">
                    <Icon name="plus" /> {t.askFriend}
                  </button>
                </div>
              </form>
            </Part>
          )}
          {a.friend === "friend" && <Alias of={a} again={props.again} />}
          <Part title={t.more}>
            <div class="actions actions-left">
              {a.friend === "friend" && (
                <button type="button" class="button button-danger" onClick={() => void unfriend()}>
                  {t.unfriend}
                </button>
              )}
              {a.friend === "blocked" ? (
                <button type="button" class="button" onClick={() => act(() => api.unblock(a.id))}>
                  {t.unblock}
                </button>
              ) : (
                <button type="button" class="button button-danger" onClick={() => void block()}>
                  {t.block}
                </button>
              )}
            </div>
          </Part>
        </>
      )}
    </Page>
  );
}

function Alias(props: { of: Account; again: () => void }): VNode {
  const t = w.value;
  const [alias, setAlias] = useState(props.of.alias ?? "");
  const { flaws, submit } = useForm(async () => {
    await api.setAlias(props.of.id, alias.trim());
    notify("done", t.saved);
    props.again();
  }, ["alias"]);
  return (
    <Part title={t.alias}>
      <Form onSubmit={submit} flaws={flaws} submit={t.save}>
        <Field label={t.alias} hideLabel value={alias} onInput={setAlias} maxLength={60} hint={t.aliasHint} error={flaws.of("alias")} />
      </Form>
    </Part>
  );
}
