// Many machines at once: what is read from a file is shown with its flaws before anything is sent, then goes in pieces so that the
// progress is true and a break loses nothing; and all machines as a file.
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import * as api from "../../api-machines";
import { Check } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { readRows, type Read } from "../../state/bulk";
import { reason } from "../../state/notices";
import { changed } from "../../state/app";
import { m } from "../../words/machines";
import { Part } from "../Page";

const PIECE_ROWS = 100;
const SHOWN = 50;

interface Flaw {
  row: number;
  why: string;
}
interface Going {
  done: number;
  of: number;
  bound: number;
  refused: Flaw[];
  stopped: string | null;
}

export function Bulk(): VNode {
  const t = m.value;
  const [whole, setWhole] = useState(false);
  const codes = whole ? "whole" : "masked";
  return (
    <>
      <Part title={t.importTitle} text={t.importText}>
        <Import />
      </Part>
      <Part title={t.exportTitle} text={t.exportText}>
        <Check label={t.exportWhole} value={whole} onChange={setWhole} />
        <div class="actions actions-left">
          <a class="button" href={api.exportUrl("csv", codes)} download="machines.csv">
            <Icon name="download" /> {t.exportCsv}
          </a>
          <a class="button" href={api.exportUrl("json", codes)} download="machines.json">
            <Icon name="download" /> {t.exportJson}
          </a>
        </div>
      </Part>
    </>
  );
}

function Import(): VNode {
  const t = m.value;
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [read, setRead] = useState<Read | "unreadable" | null>(null);
  const [going, setGoing] = useState<Going | null>(null);
  const busy = going !== null && going.stopped === null && going.done < going.of;
  const look = (from: string) => {
    setGoing(null);
    setRead(readRows(from) ?? "unreadable");
  };
  const start = async (rows: Read["good"]) => {
    let now: Going = { done: 0, of: rows.length, bound: 0, refused: [], stopped: null };
    setGoing(now);
    for (let at = 0; at < rows.length; at += PIECE_ROWS) {
      const piece = rows.slice(at, at + PIECE_ROWS);
      try {
        const got = await api.importRows(piece.map(({ account, code, name }) => ({ account, code, name })));
        // The server counts within the piece, people count in their file.
        const refused = got.refused.map((r) => ({ row: piece[r.row - 1]?.row ?? r.row, why: r.detail || r.code }));
        now = { ...now, done: at + piece.length, bound: now.bound + got.bound, refused: [...now.refused, ...refused] };
        setGoing(now);
      } catch (error) {
        setGoing({ ...now, stopped: reason(error) });
        break;
      }
    }
    changed.machines.value++;
  };
  return (
    <div class="box box-pad part">
      <div class="actions actions-left">
        <button type="button" class="button" disabled={busy} onClick={() => input.current?.click()}>
          <Icon name="file" /> {t.chooseFile}
        </button>
        <input
          ref={input}
          type="file"
          class="hidden"
          tabIndex={-1}
          aria-hidden="true"
          accept=".csv,.json,text/csv,application/json"
          onChange={(e) => {
            const file = e.currentTarget.files?.[0];
            e.currentTarget.value = "";
            void file?.text().then((got) => {
              setText(got);
              look(got);
            });
          }}
        />
      </div>
      <div class="field">
        <label for="import-text">{t.orPaste}</label>
        <textarea id="import-text" class="mono" rows={5} spellcheck={false} placeholder={"account,code,name"} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </div>
      <div class="actions actions-left">
        <button type="button" class="button" disabled={busy || text.trim() === ""} onClick={() => look(text)}>
          {t.look}
        </button>
      </div>
      <div role="status" class="part">
        {read === "unreadable" && <p class="error error-box">{t.notReadable}</p>}
        {read && read !== "unreadable" && !going && <Preview of={read} onStart={() => void start(read.good)} />}
        {going && <Progress of={going} />}
      </div>
    </div>
  );
}

function Preview(props: { of: Read; onStart: () => void }): VNode {
  const t = m.value;
  const { good, bad } = props.of;
  return (
    <>
      <p>
        {t.rowsFound(good.length + bad.length)}: {t.rowsGood(good.length)}
        {bad.length > 0 && <>, {t.rowsBad(bad.length)}</>}.
      </p>
      {bad.length > 0 && <Flaws of={bad.map((b) => ({ row: b.row, why: [b.code, t.rowFlaws[b.flaw]].filter(Boolean).join(": ") }))} />}
      {good.length > 0 && (
        <div class="actions actions-left">
          <button type="button" class="button button-main" onClick={props.onStart}>
            {t.startImport(good.length)}
          </button>
        </div>
      )}
    </>
  );
}

function Progress(props: { of: Going }): VNode {
  const t = m.value;
  const { done, of, bound, refused, stopped } = props.of;
  return (
    <>
      <progress max={of} value={done} aria-label={t.importTitle} />
      <p>{t.importing(done, of)}</p>
      {(done === of || stopped) && <p>{t.importDone(bound)}</p>}
      {stopped && <p class="error error-box">{t.importStopped(stopped)}</p>}
      {refused.length > 0 && (
        <>
          <p>{t.importRefused(refused.length)}</p>
          <Flaws of={refused} />
        </>
      )}
    </>
  );
}

function Flaws(props: { of: readonly Flaw[] }): VNode {
  const t = m.value;
  const rest = props.of.length - SHOWN;
  return (
    <div class="wrap-table" tabIndex={0} role="group" aria-label={t.why}>
      <table class="table">
        <thead>
          <tr>
            <th>{t.row}</th>
            <th>{t.why}</th>
          </tr>
        </thead>
        <tbody>
          {props.of.slice(0, SHOWN).map((flaw) => (
            <tr key={flaw.row}>
              <td>{flaw.row}</td>
              <td>{flaw.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <p class="hint">{t.andMore(rest)}</p>}
    </div>
  );
}
