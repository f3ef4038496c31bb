// Whether the audit record is whole: every row hashed anew by the server, and the heads that it signed day by day.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { all } from "../../api";
import * as api from "../../api-machines";
import type { Head, Verified } from "../../api-machines";
import { Icon } from "../../parts/Icon";
import { reason } from "../../state/notices";
import { m } from "../../words/machines";
import { saveAs } from "./Bits";

const HEADS_MOST = 400;

export function AuditProof(): VNode {
  const t = m.value;
  const [busy, setBusy] = useState(false);
  const [got, setGot] = useState<Verified | { failed: string } | null>(null);
  const [heads, setHeads] = useState<Head[] | null>(null);
  const verify = async () => {
    setBusy(true);
    try {
      const proof = await api.verifyAudit();
      setGot(proof);
      setHeads(await all((after) => api.heads(after), HEADS_MOST).catch(() => null));
    } catch (error) {
      setGot({ failed: reason(error) });
    }
    setBusy(false);
  };
  return (
    <div class="part">
      <div class="actions actions-left">
        <button type="button" class="button" disabled={busy} onClick={() => void verify()}>
          <Icon name="admin" /> {t.verify}
        </button>
      </div>
      <div role="status">
        {busy && <p class="soft">{t.verifying}</p>}
        {!busy && got && <Proof of={got} />}
      </div>
      {heads && (
        <details>
          <summary>{t.heads}</summary>
          {heads.length === 0 ? (
            <p class="soft">{t.noHeads}</p>
          ) : (
            <ul class="box">
              {heads.map((h) => (
                <li class="row" key={h.day}>
                  <span class="row-text">
                    <span class="row-name">{h.day}</span>
                    <span class="row-note mono">{h.head}</span>
                  </span>
                  <span class="row-acts">
                    <button type="button" class="button button-small" aria-label={`${t.downloadFile}: ${h.day}`} onClick={() => saveAs(`audit-head-${h.day}.txt`, h.text)}>
                      <Icon name="download" /> {t.downloadFile}
                    </button>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </details>
      )}
    </div>
  );
}

function Proof(props: { of: Verified | { failed: string } }): VNode {
  const t = m.value;
  const got = props.of;
  if ("failed" in got) return <p class="error error-box">{got.failed}</p>;
  return got.whole ? (
    <div class="proof proof-good">
      <Icon name="check" />
      <div>
        <p>{t.whole(got.rows ?? 0)}</p>
        <p class="mono">
          {t.head}: {got.head}
        </p>
      </div>
    </div>
  ) : (
    <div class="proof proof-bad">
      <Icon name="warn" />
      <p>{got.broken_day ? t.brokenDay(got.broken_day) : t.broken(String(got.broken_at ?? "?"))}</p>
    </div>
  );
}
