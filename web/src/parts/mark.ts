// Reads the Markdown that people use in messages into a small tree: emphasis, code, links, lists, quotes, tables, line breaks.
// Every step is linear in the text and bounded in depth, because the text is a stranger's. What does not parse stays text; HTML is text.
// Why not a library: marked 18's lexer was measured first. One message of 16,000 bytes ("*a_" repeated) holds it for 11 seconds, which
// would freeze the page of everyone in the room, and deep quotes or lists overflow its stack; it also is 16 KB of the 60 KB of first load.

export type Inline = string | { t: "strong" | "em" | "del"; c: Inline[] } | { t: "code"; s: string } | { t: "br" } | { t: "link"; href: string; c: Inline[]; raw: string };
export interface Item {
  /** A box to tick, ticked or not; null for a plain item. */
  done: boolean | null;
  c: Block[];
}
export type Block =
  | { t: "p" | "heading" | "line"; c: Inline[] }
  | { t: "code"; s: string }
  | { t: "quote"; c: Block[] }
  | { t: "list"; start: number | null; items: Item[] }
  | { t: "rule" }
  | { t: "table"; head: Inline[][]; rows: Inline[][][] };

const DEPTH_MOST = 12;
const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^`]*)$/;
const HEADING = /^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+|$)(.*)$/;
const TABLE_RULE = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const TASK = /^\[([ xX])\][ \t]+/;

export function parse(text: string): Block[] {
  return blocks(text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n"), 0);
}

const blank = (line: string | undefined): boolean => line === undefined || line.trim() === "";

/** Whether a line begins something that ends a paragraph. A list ends one only if it starts at 1, so that "in\n1999. We" stays text. */
function interrupts(line: string): boolean {
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line)) return true;
  const item = ITEM.exec(line);
  return item !== null && item[4] !== "" && (!/\d/.test(item[2] ?? "") || /^1[.)]$/.test(item[2] ?? ""));
}

function blocks(lines: readonly string[], depth: number): Block[] {
  if (depth > DEPTH_MOST) return [{ t: "p", c: [lines.join("\n")] }];
  const out: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (blank(line)) {
      at++;
      continue;
    }
    const step = fence(lines, at, out) || heading(line, out) || quote(lines, at, out, depth) || rule(line, out) || list(lines, at, out, depth) || table(lines, at, out) || paragraph(lines, at, out);
    at += step;
  }
  return out;
}

function fence(lines: readonly string[], at: number, out: Block[]): number {
  const open = FENCE.exec(lines[at] ?? "");
  if (!open) return 0;
  const mark = open[1] ?? "```";
  const inside: string[] = [];
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = lines[end] ?? "";
    const close = line.trim();
    if (close.length >= mark.length && close === (mark[0] ?? "`").repeat(close.length)) break;
    inside.push(line);
  }
  out.push({ t: "code", s: inside.join("\n") });
  return Math.min(end, lines.length - 1) - at + 1;
}

function heading(line: string, out: Block[]): number {
  const found = HEADING.exec(line);
  if (!found) return 0;
  out.push({ t: "heading", c: inline(found[1] ?? "") });
  return 1;
}

function rule(line: string, out: Block[]): number {
  if (!RULE.test(line)) return 0;
  out.push({ t: "rule" });
  return 1;
}

function quote(lines: readonly string[], at: number, out: Block[], depth: number): number {
  const inside: string[] = [];
  for (let i = at; i < lines.length && QUOTE.test(lines[i] ?? ""); i++) inside.push((lines[i] ?? "").replace(QUOTE, ""));
  if (inside.length > 0) out.push({ t: "quote", c: blocks(inside, depth + 1) });
  return inside.length;
}

function list(lines: readonly string[], at: number, out: Block[], depth: number): number {
  const first = ITEM.exec(lines[at] ?? "");
  // A lone "-" or "1." is what somebody wanted to say.
  if (!first || first[4] === "") return 0;
  const ordered = /\d/.test(first[2] ?? "");
  const kind = (first[2] ?? "").slice(-1);
  const items: string[][] = [];
  let loose = false;
  let i = at;
  while (i < lines.length) {
    const item = ITEM.exec(lines[i] ?? "");
    if (!item || (item[2] ?? "").slice(-1) !== kind || RULE.test(lines[i] ?? "")) break;
    const indent = (item[1] ?? "").length + (item[2] ?? "").length + Math.min(4, Math.max(1, (item[3] ?? "").length));
    const inside = [item[4] ?? ""];
    i++;
    for (; i < lines.length; i++) {
      const line = lines[i] ?? "";
      if (blank(line)) {
        // A blank line belongs to the item only if something indented follows.
        if (!/^ {2,}\S/.test(lines[i + 1] ?? "")) break;
        inside.push("");
      } else if (line.startsWith(" ".repeat(Math.min(indent, 2)))) inside.push(line.slice(Math.min(indent, line.length - line.trimStart().length)));
      else break;
    }
    if (inside.includes("")) loose = true;
    items.push(inside);
    if (blank(lines[i]) && i + 1 < lines.length && ITEM.test(lines[i + 1] ?? "")) {
      loose = true;
      i++;
    }
  }
  out.push({ t: "list", start: ordered ? Number.parseInt(first[2] ?? "1", 10) : null, items: items.map((inside) => listItem(inside, loose, depth)) });
  return i - at;
}

function listItem(inside: string[], loose: boolean, depth: number): Item {
  const task = TASK.exec(inside[0] ?? "");
  if (task) inside[0] = (inside[0] ?? "").slice(task[0].length);
  const c = blocks(inside, depth + 1).map((b): Block => (b.t === "p" && !loose ? { t: "line", c: b.c } : b));
  return { done: task ? task[1] !== " " : null, c };
}

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

function table(lines: readonly string[], at: number, out: Block[]): number {
  const first = lines[at] ?? "";
  const under = lines[at + 1] ?? "";
  if (!first.includes("|") || !under.includes("-") || !TABLE_RULE.test(under)) return 0;
  const head = cells(first);
  if (cells(under).length !== head.length) return 0;
  const rows: Inline[][][] = [];
  let i = at + 2;
  for (; i < lines.length && !blank(lines[i]) && (lines[i] ?? "").includes("|"); i++) {
    const row = cells(lines[i] ?? "");
    rows.push(head.map((_, n) => inline(row[n] ?? "")));
  }
  out.push({ t: "table", head: head.map((cell) => inline(cell)), rows });
  return i - at;
}

function paragraph(lines: readonly string[], at: number, out: Block[]): number {
  let end = at + 1;
  while (end < lines.length && !blank(lines[end]) && !interrupts(lines[end] ?? "")) end++;
  out.push({ t: "p", c: inline(lines.slice(at, end).join("\n").trim()) });
  return end - at;
}

/** A run of emphasis signs, still to be paired. */
interface Run {
  run: string;
  n: number;
  open: boolean;
  close: boolean;
}
type Piece = Inline | Run;
const isRun = (p: Piece | undefined): p is Run => typeof p === "object" && "run" in p;

const SIGN = /[\\`*_~[!<\nhHwW]/g;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const ADDRESS = /(?:https?:\/\/|www\.)[^\s<]+/iy;
const POINTED = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/iy;
const TARGET = /\([ \n]*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:[ \n]+(?:"[^"]*"|'[^']*'))?[ \n]*\)/y;

export function inline(text: string, depth = 0): Inline[] {
  if (depth > DEPTH_MOST) return [text];
  return pair(pieces(text, depth));
}

function pieces(text: string, depth: number): Piece[] {
  const out: Piece[] = [];
  const ends = brackets(text);
  let from = 0;
  let at = 0;
  const put = (piece: Piece, start: number, next: number) => {
    if (start > from) out.push(text.slice(from, start));
    out.push(piece);
    from = at = next;
  };
  while (at < text.length) {
    SIGN.lastIndex = at;
    const found = SIGN.exec(text);
    if (!found) break;
    at = found.index;
    const sign = found[0];
    if (sign === "\\") {
      const next = text[at + 1] ?? "";
      if (next === "\n") put({ t: "br" }, at, at + 2);
      else if (next !== "" && next < "\x80" && PUNCTUATION.test(next)) put(next, at, at + 2);
      else at++;
    } else if (sign === "\n") {
      const before = text.slice(from, at).replace(/ +$/, "");
      if (before !== "") out.push(before);
      out.push({ t: "br" });
      at = from = at + 1 + (/^ */.exec(text.slice(at + 1, at + 64))?.[0].length ?? 0);
    } else if (sign === "`") at = code(text, at, put) ?? at + (/^`+/.exec(text.slice(at))?.[0].length ?? 1);
    else if (sign === "<") {
      POINTED.lastIndex = at;
      const link = POINTED.exec(text);
      if (link) put({ t: "link", href: link[1] ?? "", c: [link[1] ?? ""], raw: link[0] }, at, POINTED.lastIndex);
      else at++;
    } else if (sign === "[" || sign === "!") {
      const start = at;
      const open = sign === "!" ? at + 1 : at;
      const end = text[open] === "[" ? ends.get(open) : undefined;
      TARGET.lastIndex = (end ?? -2) + 1;
      const target = end === undefined ? null : TARGET.exec(text);
      if (!target) at++;
      else {
        const href = (target[1] ?? target[2] ?? "").replace(/\\(.)/g, "$1");
        const inside = text.slice(open + 1, end);
        // Read before the text inside is: it uses the same expressions.
        const next = TARGET.lastIndex;
        put({ t: "link", href, c: sign === "!" ? [inside || href] : inline(inside, depth + 1), raw: text.slice(start, next) }, start, next);
      }
    } else if (sign === "*" || sign === "_" || sign === "~") at = run(text, at, sign, put);
    else at = bare(text, at, put);
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

/** Where each `[` ends, found in one pass. */
function brackets(text: string): Map<number, number> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "[") open.push(i);
    else if (text[i] === "]") {
      const start = open.pop();
      if (start !== undefined) ends.set(start, i);
    }
  }
  return ends;
}

type Put = (piece: Piece, start: number, next: number) => void;

function code(text: string, at: number, put: Put): number | null {
  let n = 1;
  while (text[at + n] === "`") n++;
  let end = at + n;
  for (;;) {
    end = text.indexOf("`".repeat(n), end);
    if (end < 0) return null;
    let m = n;
    while (text[end + m] === "`") m++;
    if (m === n) break;
    end += m;
  }
  let inside = text.slice(at + n, end).replaceAll("\n", " ");
  if (inside.startsWith(" ") && inside.endsWith(" ") && inside.trim() !== "") inside = inside.slice(1, -1);
  put({ t: "code", s: inside }, at, end + n);
  return end + n;
}

function run(text: string, at: number, sign: string, put: Put): number {
  let n = 1;
  while (text[at + n] === sign) n++;
  const before = at === 0 ? " " : ([...text.slice(Math.max(0, at - 2), at)].pop() ?? " ");
  const after = at + n >= text.length ? " " : ([...text.slice(at + n, at + n + 2)][0] ?? " ");
  const left = !/\s/.test(after) && (!PUNCTUATION.test(after) || /\s/.test(before) || PUNCTUATION.test(before));
  const right = !/\s/.test(before) && (!PUNCTUATION.test(before) || /\s/.test(after) || PUNCTUATION.test(after));
  // Inside a word `_` is a letter: snake_case_names.
  const open = sign === "_" ? left && (!right || PUNCTUATION.test(before)) : left;
  const close = sign === "_" ? right && (!left || PUNCTUATION.test(after)) : right;
  if ((sign === "~" && n !== 2) || (!open && !close)) return at + n;
  put({ run: sign, n, open, close }, at, at + n);
  return at + n;
}

/** A bare web address, without the sign that ends the sentence around it. */
function bare(text: string, at: number, put: Put): number {
  if (at > 0 && /[\p{L}\p{N}_]/u.test(text[at - 1] ?? "")) return at + 1;
  ADDRESS.lastIndex = at;
  let found = ADDRESS.exec(text)?.[0];
  if (!found) return at + 1;
  for (;;) {
    const cut: string = found.replace(/[.,:;!?'"*_~。，、；：！？”’»]+$/, "").replace(/&[a-z0-9]+;$/i, "");
    const closed: string = cut.endsWith(")") && (cut.match(/\)/g)?.length ?? 0) > (cut.match(/\(/g)?.length ?? 0) ? cut.slice(0, -1) : cut;
    if (closed === found) break;
    found = closed;
  }
  if (!/^(?:https?:\/\/|www\.)[^\s/]/i.test(found)) return at + 1;
  put({ t: "link", href: /^www/i.test(found) ? `https://${found}` : found, c: [found], raw: found }, at, at + found.length);
  return at + found.length;
}

/** Pairs the runs: a closing one takes the nearest opening one of its sign; what finds no partner is text. */
function pair(list: readonly Piece[]): Inline[] {
  const out: Piece[] = [];
  const openers: Record<string, number> = { "*": 0, _: 0, "~": 0 };
  for (const piece of list) {
    if (!isRun(piece)) {
      out.push(piece);
      continue;
    }
    let left = piece.n;
    while (piece.close && left > 0 && (openers[piece.run] ?? 0) > 0) {
      let i = out.length - 1;
      for (; i >= 0; i--) {
        const candidate = out[i];
        if (isRun(candidate) && candidate.run === piece.run && candidate.open) break;
      }
      const opener = out[i] as Run;
      const inside = out.splice(i + 1);
      for (const p of inside) if (isRun(p) && p.open) openers[p.run] = (openers[p.run] ?? 1) - 1;
      const n = Math.min(2, left, opener.n);
      const kind = piece.run === "~" ? "del" : n === 2 ? "strong" : "em";
      left -= n;
      opener.n -= n;
      if (opener.n === 0) {
        out.pop();
        openers[piece.run] = (openers[piece.run] ?? 1) - 1;
      }
      out.push({ t: kind, c: merge(inside) });
    }
    if (left === 0) continue;
    if (piece.open) openers[piece.run] = (openers[piece.run] ?? 0) + 1;
    out.push(piece.open ? { ...piece, n: left } : piece.run.repeat(left));
  }
  return merge(out);
}

function merge(list: readonly Piece[]): Inline[] {
  const out: Inline[] = [];
  for (const p of list) {
    const piece: Inline = isRun(p) ? p.run.repeat(p.n) : p;
    const last = out[out.length - 1];
    if (typeof piece === "string" && typeof last === "string") out[out.length - 1] = last + piece;
    else out.push(piece);
  }
  return out;
}
