// The keys that certificates, notices and daily heads are signed with: which is in use, which still count, and a new one.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../../api-machines";
import type { SigningKey } from "../../api-machines";
import { Dialog } from "../../parts/Dialog";
import { Check, Form, useForm } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Loaded } from "../../parts/States";
import { moment } from "../../parts/time";
import { useLoad } from "../../parts/useLoad";
import { notify } from "../../state/notices";
import { w } from "../../words";
import { m } from "../../words/machines";
import { Part } from "../Page";
import { Badge } from "./Bits";

export function Keys(): VNode {
  const t = m.value;
  const list = useLoad(api.keys, []);
  const [rotating, setRotating] = useState(false);
  return (
    <Part title={t.keys} text={t.keysText}>
      <Loaded of={list}>
        {(page) => (
          <ul class="box">
            {page.items.length === 0 && <li class="row soft">{t.noKeys}</li>}
            {page.items.map((k) => (
              <li class="row" key={k.number}>
                <Icon name="key" />
                <span class="row-text">
                  <span class="row-name">{t.keyOf(k.number)}</span>
                  <span class="row-note">{[k.algorithm, w.value.since(moment(k.from)), k.trusted_until && w.value.untilWhen(moment(k.trusted_until))].filter(Boolean).join(" · ")}</span>
                  <span class="row-note mono">{k.public}</span>
                </span>
                <span class="row-acts">
                  <KeyState of={k} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <div class="actions actions-left">
        <button type="button" class="button" onClick={() => setRotating(true)}>
          <Icon name="retry" /> {t.rotate}
        </button>
      </div>
      {rotating && (
        <Rotate
          onClose={() => {
            setRotating(false);
            list.again();
          }}
        />
      )}
    </Part>
  );
}

function Rotate(props: { onClose: () => void }): VNode {
  const t = m.value;
  const [distrust, setDistrust] = useState(false);
  const { flaws, submit } = useForm(async () => {
    await api.rotateKey(distrust);
    notify("done", t.rotated);
    props.onClose();
  }, []);
  return (
    <Dialog title={t.rotateTitle} onClose={props.onClose}>
      <p>{distrust ? t.distrustText : t.rotateText}</p>
      <Form onSubmit={submit} flaws={flaws} submit={t.rotate}>
        <Check label={t.distrust} value={distrust} onChange={setDistrust} />
      </Form>
    </Dialog>
  );
}

function KeyState(props: { of: SigningKey }): VNode {
  const t = m.value;
  const { signs_until, trusted_until } = props.of;
  if (signs_until === null) return <Badge icon="check" kind="good" text={t.keyNow} />;
  if (trusted_until !== null && Date.parse(trusted_until) < Date.now()) return <Badge icon="close" kind="quiet" text={t.keyEnded} />;
  return <Badge icon="clock" kind="warn" text={t.keyOld} />;
}
