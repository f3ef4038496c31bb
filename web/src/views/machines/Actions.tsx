// What an owner can do with a machine. Each asks first and says what will happen; what cannot be done yet says when.
import { type VNode } from "preact";
import { useState } from "preact/hooks";
import type { Account } from "../../api";
import * as api from "../../api-machines";
import type { Machine } from "../../api-machines";
import { confirm, Dialog } from "../../parts/Dialog";
import { Field, Form, useForm } from "../../parts/Field";
import type { Choice } from "../../parts/Menu";
import { PeoplePicker } from "../../parts/People";
import { changed } from "../../state/app";
import { waitWords } from "../../state/machines";
import { attempt, notify } from "../../state/notices";
import { w } from "../../words";
import { m } from "../../words/machines";
import { CopyLine, nameOfMachine, Once, registerCommand } from "./Bits";
import { OfflineRequest } from "./Certificates";

export type Asking = "rename" | "transfer" | "replace" | "offline" | { token: string };

const told = () => changed.machines.value++;
const run = (what: () => Promise<unknown>, done: string) => void attempt(what, done).then(told);

/** What the menu of a machine and its page offer; `ask` opens what needs more than a yes. */
export function choicesFor(of: Machine, ask: (what: Asking) => void, now: number): Choice[] {
  const t = m.value;
  const name = nameOfMachine(of);
  if (of.state === "released") return [];
  const wait = waitWords(of, now);
  const sure = async (title: string, text: string, act: string, what: () => Promise<unknown>, done: string) => {
    if (await confirm(title, text, act)) run(what, done);
  };
  const renaming: Choice = { icon: "edit", text: t.rename, act: () => ask("rename") };
  if (of.state === "banned") return [renaming];
  const list: Choice[] = [
    renaming,
    { icon: "key", text: t.certificate, act: () => ask("offline") },
    {
      icon: "lock",
      text: t.newToken,
      act: () =>
        void confirm(t.tokenTitle(name), t.tokenText, t.newToken).then((yes) => {
          if (yes) void attempt(async () => ask({ token: (await api.newToken(of.id)).token }));
        }),
    },
  ];
  if (of.offer) list.push({ icon: "close", text: t.withdraw, act: () => run(() => api.withdraw(of.id), t.withdrawn) });
  // All three let the machine go, so all three wait alike.
  if (wait?.free ?? true)
    list.push(
      ...(of.offer ? [] : ([{ icon: "friends", text: t.transfer, act: () => ask("transfer") }] satisfies Choice[])),
      { icon: "swap", text: t.replace, danger: true, act: () => ask("replace") },
      { icon: "leave", text: t.release, danger: true, act: () => void sure(t.releaseTitle(name), t.releaseText, t.release, () => api.release(of.id), t.released) },
    );
  return list;
}

/** The dialog that an action needs. */
export function AskDialog(props: { of: Machine; asking: Asking; onClose: () => void }): VNode {
  const { of, asking, onClose } = props;
  if (asking === "rename") return <Rename of={of} onClose={onClose} />;
  if (asking === "transfer") return <Transfer of={of} onClose={onClose} />;
  if (asking === "replace") return <Replace of={of} put={api.replace} text={m.value.replaceText} command={registerCommand(of.id)} onClose={onClose} />;
  if (asking === "offline") return <OfflineRequest onClose={onClose} />;
  return <Once title={m.value.newToken} text={m.value.tokenOnce} secret={asking.token} onClose={onClose} />;
}

function Rename(props: { of: Machine; onClose: () => void }): VNode {
  const t = m.value;
  const [name, setName] = useState(props.of.name);
  const { flaws, submit } = useForm(async () => {
    await api.changeMachine(props.of.id, { name: name.trim() });
    notify("done", w.value.saved);
    told();
    props.onClose();
  }, ["name"]);
  return (
    <Dialog title={t.renameTitle} onClose={props.onClose}>
      <Form onSubmit={submit} flaws={flaws} submit={w.value.save}>
        <Field label={t.name} value={name} onInput={setName} maxLength={100} hint={t.nameHint} error={flaws.of("name")} focus />
      </Form>
    </Dialog>
  );
}

function Transfer(props: { of: Machine; onClose: () => void }): VNode {
  const t = m.value;
  const [picked, setPicked] = useState<Account[]>([]);
  const { flaws, submit } = useForm(async () => {
    const to = picked[0];
    if (!to) return;
    await api.offer(props.of.id, to.id);
    notify("done", t.offered);
    told();
    props.onClose();
  }, []);
  return (
    <Dialog title={t.transferTitle(nameOfMachine(props.of))} onClose={props.onClose}>
      <p>{t.transferText}</p>
      <Form onSubmit={submit} flaws={flaws} submit={t.offer} idle={picked.length === 0}>
        <PeoplePicker picked={picked} onChange={setPicked} single focus />
      </Form>
    </Dialog>
  );
}

/** For whoever has the new computer's code; its owner can run the command there as well, and is told so by `command`. */
export function Replace(props: { of: Machine; put: typeof api.replace; text: string; command?: string; onClose: () => void }): VNode {
  const t = m.value;
  const [code, setCode] = useState("");
  const [name, setName] = useState(props.of.name);
  const [token, setToken] = useState("");
  const { flaws, submit } = useForm(async () => {
    setToken((await props.put(props.of.id, { name: name.trim(), code: code.trim() })).token);
    notify("done", t.replaced);
  }, ["code", "name"]);
  const seen = () => {
    told();
    props.onClose();
  };
  if (token) return <Once title={t.newToken} text={t.tokenOnce} secret={token} onClose={seen} />;
  return (
    <Dialog title={t.replaceTitle(nameOfMachine(props.of))} onClose={props.onClose}>
      <p>{props.text}</p>
      {props.command && (
        <>
          <p>{t.replaceThere}</p>
          <CopyLine label={t.command} text={props.command} />
          <p>{t.replaceHere}</p>
        </>
      )}
      <Form onSubmit={submit} flaws={flaws} submit={t.replace} idle={code.trim() === ""}>
        <Field label={t.newCode} value={code} onInput={setCode} hint={t.newCodeHint} error={flaws.of("code") ?? flaws.of("machine_code")} maxLength={4000} required />
        <Field label={t.name} value={name} onInput={setName} maxLength={100} error={flaws.of("name")} />
      </Form>
    </Dialog>
  );
}
