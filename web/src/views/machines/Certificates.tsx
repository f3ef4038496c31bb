// Certificates: those of a machine, and a new one for a machine without network, from its request code to a file or a QR code.
import type { ComponentType, VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import * as api from "../../api-machines";
import type { Certificate } from "../../api-machines";
import { Dialog } from "../../parts/Dialog";
import { Choose, Field, Form, useForm } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Loaded, Waiting } from "../../parts/States";
import { moment } from "../../parts/time";
import { lazily } from "../../parts/useLazy";
import { useLoad } from "../../parts/useLoad";
import { changed } from "../../state/app";
import { notify } from "../../state/notices";
import { w } from "../../words";
import { m } from "../../words/machines";
import { Part } from "../Page";
import { Badge, copy, CopyLine, saveAs } from "./Bits";

type QrProps = { text: string; label: string };
const useQr = lazily<QrProps>({ qr: async () => (await import("../../parts/Qr")).Qr as ComponentType<QrProps> });

function QrOf(props: QrProps): VNode {
  const { Found, failed, again } = useQr("qr");
  // About what a code of the largest size holds with the least correction.
  if (props.text.length > QR_MOST) return <p class="hint">{m.value.tooLongForQr}</p>;
  if (Found) return <Found {...props} />;
  if (!failed) return <Waiting />;
  return (
    <button type="button" class="button" onClick={again}>
      {w.value.tryAgain}
    </button>
  );
}
const QR_MOST = 2900;

/** Download, copy, and a QR code for a camera. */
export function CertificateText(props: { of: Certificate }): VNode {
  const t = m.value;
  const [shown, setShown] = useState(false);
  const text = props.of.text ?? "";
  return (
    <>
      <div class="actions actions-left">
        <button type="button" class="button button-main" onClick={() => saveAs(`chatelaine-certificate-${props.of.serial}.txt`, text)}>
          <Icon name="download" /> {t.downloadFile}
        </button>
        <button type="button" class="button" onClick={() => void copy(text)}>
          <Icon name="copy" /> {t.copy}
        </button>
        <button type="button" class="button" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? t.hideQr : t.showQr}
        </button>
      </div>
      {shown && <QrOf text={text} label={t.qrOf(`${t.certificate} ${t.serial(props.of.serial)}`)} />}
    </>
  );
}

export function Certificates(props: { machine: number; now: number }): VNode {
  const t = m.value;
  const list = useLoad(() => api.certificates(props.machine), [props.machine, changed.machines.value]);
  return (
    <Part title={t.certificates} text={t.certificatesText}>
      <Loaded of={list}>
        {(page) => (
          <ul class="box">
            {page.items.length === 0 && <li class="row soft">{t.noCertificates}</li>}
            {page.items.map((c) => (
              <li class="row" key={c.serial}>
                <Icon name="key" />
                <span class="row-text">
                  <span class="row-name">{t.serial(c.serial)}</span>
                  <span class="row-note">{t.issued(moment(c.issued_at), moment(c.expires_at))}</span>
                </span>
                <span class="row-acts">
                  {!c.ended_by && Date.parse(c.expires_at) > props.now ? <Badge icon="check" kind="good" text={t.valid} /> : <Badge icon="clock" kind="quiet" text={t.endedNow} />}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Part>
  );
}

/** Reads a picture of a QR code: the phone's own camera takes it, the page itself never watches. */
function PictureOfCode(props: { onRead: (text: string) => void }): VNode {
  const t = m.value;
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const read = async (file: File | undefined) => {
    if (!file) return;
    setBusy(true);
    try {
      const { readPicture } = await import("../../parts/Qr");
      const text = await readPicture(file);
      if (text === null) notify("error", t.requestNotRead);
      else {
        notify("done", t.requestRead);
        props.onRead(text);
      }
    } catch {
      notify("error", w.value.offlineError);
    }
    setBusy(false);
  };
  return (
    <div class="actions actions-left">
      <button type="button" class="button" disabled={busy} onClick={() => input.current?.click()}>
        <Icon name="find" /> {t.requestPicture}
      </button>
      <input
        ref={input}
        type="file"
        class="hidden"
        tabIndex={-1}
        aria-hidden="true"
        accept="image/*"
        capture="environment"
        onChange={(e) => {
          void read(e.currentTarget.files?.[0]);
          e.currentTarget.value = "";
        }}
      />
    </div>
  );
}

export function OfflineRequest(props: { onClose: () => void }): VNode {
  const t = m.value;
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [hours, setHours] = useState("720");
  const [made, setMade] = useState<Certificate | null>(null);
  const { flaws, submit } = useForm(async () => {
    const b = { code: code.trim(), hours: Number(hours) };
    const answer = await api.request(name.trim() ? { ...b, name: name.trim() } : b);
    setMade(answer.certificate);
    changed.machines.value++;
  }, ["code", "name", "hours"]);
  if (made)
    return (
      <Dialog title={t.certificateReady} onClose={props.onClose}>
        <p>{t.certificateReadyText}</p>
        <p class="soft">
          {t.serial(made.serial)}, {t.issued(moment(made.issued_at), moment(made.expires_at))}
        </p>
        <CertificateText of={made} />
        <p class="hint">
          {t.keysToo} <a class="finger" href="/.well-known/chatelaine-keys.json" download="chatelaine-keys.json">chatelaine-keys.json</a>
        </p>
        <p class="hint">{t.verifyHow}</p>
      </Dialog>
    );
  return (
    <Dialog title={t.offline} onClose={props.onClose}>
      <p>{t.offlineText}</p>
      <CopyLine label={t.command} text="chatelaine machine certificate --request --qr" />
      <Form onSubmit={submit} flaws={flaws} submit={t.issue} idle={code.trim() === ""}>
        <PictureOfCode onRead={setCode} />
        <Field label={t.requestCode} value={code} onInput={setCode} rows={4} hint={t.requestHint} error={flaws.of("code")} required />
        <Field label={t.name} value={name} onInput={setName} maxLength={100} error={flaws.of("name")} hint={t.nameHint} />
        <Choose label={t.hours} value={hours} onChange={setHours} options={Object.entries(t.hoursChoices)} error={flaws.of("hours")} />
      </Form>
    </Dialog>
  );
}
