// Opening a room: a private one with somebody, or a group.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api";
import type { Account } from "../api";
import { Dialog } from "../parts/Dialog";
import { Choose, Field, Form, useForm } from "../parts/Field";
import { PeoplePicker } from "../parts/People";
import { useLoad } from "../parts/useLoad";
import { attempt } from "../state/notices";
import { addSummary } from "../state/rooms";
import { go } from "../state/route";
import { w } from "../words";

/** Opens the private room with somebody, making it if need be. */
export async function talkTo(account: Account): Promise<void> {
  await attempt(async () => {
    const summary = await api.openPrivate(account.id);
    addSummary({ ...summary, peer: summary.peer ?? account });
    go(`/rooms/${summary.room.id}`);
  });
}

export function NewRoom(props: { onClose: () => void }): VNode {
  const t = w.value;
  const [kind, setKind] = useState<"private" | "group">("private");
  const [title, setTitle] = useState("");
  const [description, setDescription] = useState("");
  const [rule, setRule] = useState<api.JoinRule>("invite");
  const [people, setPeople] = useState<Account[]>([]);
  const friends = useLoad(() => api.friends(null), []);
  const offer = friends.value?.items.map((f) => f.account) ?? [];
  const group = useForm(async () => {
    const summary = await api.openGroup({ title: title.trim(), join_rule: rule, ...(description.trim() ? { description: description.trim() } : {}), ...(people.length ? { members: people.map((p) => p.id) } : {}) });
    addSummary(summary);
    props.onClose();
    go(`/rooms/${summary.room.id}`);
  }, ["title", "description"]);
  return (
    <Dialog title={t.newRoom} onClose={props.onClose}>
      <div class="tabs" role="group" aria-label={t.kindOfRoom}>
        <button type="button" aria-pressed={kind === "private"} onClick={() => setKind("private")}>
          {t.privateRoom}
        </button>
        <button type="button" aria-pressed={kind === "group"} onClick={() => setKind("group")}>
          {t.groupRoom}
        </button>
      </div>
      {kind === "private" ? (
        <PeoplePicker
          picked={[]}
          offer={offer}
          single
          focus={!matchMedia("(pointer: coarse)").matches}
          onChange={([a]) => {
            if (!a) return;
            props.onClose();
            void talkTo(a);
          }}
        />
      ) : (
        <Form onSubmit={group.submit} flaws={group.flaws} submit={t.openRoom} idle={title.trim() === ""}>
          <Field label={t.title} value={title} onInput={setTitle} required maxLength={200} error={group.flaws.of("title")} focus />
          <Field label={t.descriptionOptional} value={description} onInput={setDescription} maxLength={1000} rows={2} error={group.flaws.of("description")} />
          <Choose label={t.joinRule} value={rule} onChange={setRule} options={[["invite", t.joinRules.invite], ["request", t.joinRules.request], ["open", t.joinRules.open]]} />
          <fieldset>
            <legend>{t.membersOptional}</legend>
            <PeoplePicker picked={people} offer={offer} onChange={setPeople} />
          </fieldset>
        </Form>
      )}
    </Dialog>
  );
}
