// What is to be imported, read from CSV or JSON in the page: the rows, and what is wrong with some before anything is sent.
import type { ImportRow } from "../api-machines";

export type RowFlaw = "account" | "code" | "twice";
export interface Read {
  good: (ImportRow & { row: number })[];
  bad: { row: number; flaw: RowFlaw; code: string }[];
}

const CODE = /^[0-9a-z]{32}$/i;
const COLUMNS = ["account", "code", "name"] as const;

/** The rows of a text, or null if it is neither of the two forms. Rows are counted from 1, the head of a CSV not counted. */
export function readRows(text: string): Read | null {
  const rows = text.trimStart().startsWith("{") || text.trimStart().startsWith("[") ? fromJson(text) : fromCsv(text);
  if (!rows) return null;
  const read: Read = { good: [], bad: [] };
  const seen = new Set<string>();
  rows.forEach((one, i) => {
    const row = i + 1;
    const flaw: RowFlaw | null = one.account === "" ? "account" : !CODE.test(one.code) ? "code" : seen.has(one.code.toLowerCase()) ? "twice" : null;
    seen.add(one.code.toLowerCase());
    if (flaw) read.bad.push({ row, flaw, code: one.code });
    else read.good.push({ ...one, row });
  });
  return read;
}

function fromJson(text: string): ImportRow[] | null {
  try {
    const whole = JSON.parse(text) as unknown;
    const rows = Array.isArray(whole) ? whole : (whole as { rows?: unknown }).rows;
    if (!Array.isArray(rows)) return null;
    return rows.map((one) => {
      const row = (one ?? {}) as Record<string, unknown>;
      const word = (name: string) => (row[name] === undefined || row[name] === null ? "" : String(row[name]).trim());
      return { account: word("account").replace(/^@/, ""), code: word("code"), name: word("name") };
    });
  } catch {
    return null;
  }
}

function fromCsv(text: string): ImportRow[] | null {
  const table = cells(text.replace(/^\uFEFF/, ""));
  const head = (table.shift() ?? []).map((name) => name.trim().toLowerCase());
  const at = COLUMNS.map((name) => head.indexOf(name));
  const [account = -1, code = -1, name = -1] = at;
  if (account < 0 || code < 0) return null;
  const word = (line: readonly string[], place: number) => armed((line[place] ?? "").trim());
  return table.map((line) => ({ account: word(line, account).replace(/^@/, ""), code: word(line, code), name: name < 0 ? "" : word(line, name) }));
}

/** As it was before an export put an apostrophe before what a spreadsheet would take for a formula. */
const armed = (text: string): string => (/^'[=+\-@\t\r]/.test(text) ? text.slice(1) : text);

/** CSV as spreadsheets write it: quotes around what holds commas, quotes doubled inside; `;` where the head says so. */
function cells(text: string): string[][] {
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const comma = !head.includes(",") && head.includes(";") ? ";" : ",";
  const out: string[][] = [];
  let line: string[] = [];
  let cell = "";
  let quoted = false;
  const endLine = () => {
    line.push(cell);
    if (line.length > 1 || line[0] !== "") out.push(line);
    line = [];
    cell = "";
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? "";
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === comma) {
      line.push(cell);
      cell = "";
    } else if (c === "\n") endLine();
    else if (c !== "\r") cell += c;
  }
  endLine();
  return out;
}
