// Message text to elements: marked reads the Markdown, every token becomes an element by name. Text never becomes HTML, a link
// leads only where a link may lead, and a picture from elsewhere stays a link (nothing is fetched from foreign places).
import { type ComponentChildren, type VNode } from "preact";
import { Lexer, type Token, type Tokens } from "marked";

export interface Mention {
  handle: string;
  name: string;
  mine: boolean;
}

const DEPTH_MOST = 16;
const OPTIONS = { gfm: true, breaks: true, async: false } as const;

/** The address if a message may link to it, else null. */
export function safeAddress(href: string): string | null {
  try {
    const url = new URL(href, "https://relative.invalid/");
    if (url.hostname === "relative.invalid") return null;
    return ["https:", "http:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function tokens(text: string): Token[] {
  return new Lexer(OPTIONS).lex(text);
}

export function Markdown(props: { text: string; mentions: readonly Mention[] }): VNode {
  let content: ComponentChildren;
  try {
    content = blocks(tokens(props.text), props.mentions, 0);
  } catch {
    content = <p>{props.text}</p>;
  }
  return <div class="md">{content}</div>;
}

function blocks(list: readonly Token[], who: readonly Mention[], depth: number): ComponentChildren {
  if (depth > DEPTH_MOST) return list.map((t) => t.raw).join("");
  return list.map((t, i) => block(t, who, depth + 1, i));
}

function block(t: Token, who: readonly Mention[], depth: number, key: number): ComponentChildren {
  switch (t.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      // Not h1..h6: a message must not tear the outline of the page.
      return (
        <p key={key} class="md-heading">
          {inline((t as Tokens.Heading).tokens, who, depth)}
        </p>
      );
    case "paragraph":
      return <p key={key}>{inline((t as Tokens.Paragraph).tokens, who, depth)}</p>;
    case "code":
      return (
        <pre key={key} tabIndex={0}>
          <code>{(t as Tokens.Code).text}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote key={key}>{blocks((t as Tokens.Blockquote).tokens, who, depth)}</blockquote>;
    case "hr":
      return <hr key={key} />;
    case "list":
      return list(t as Tokens.List, who, depth, key);
    case "table":
      return table(t as Tokens.Table, who, depth, key);
    case "text": {
      const text = t as Tokens.Text;
      return text.tokens ? inline(text.tokens, who, depth) : words(text.text, who);
    }
    case "html":
      return <p key={key}>{t.raw.trimEnd()}</p>;
    default:
      return inline([t], who, depth);
  }
}

function list(t: Tokens.List, who: readonly Mention[], depth: number, key: number): VNode {
  const items = t.items.map((item, i) => (
    <li key={i}>
      {item.task && <span class="md-task">{item.checked ? "☑ " : "☐ "}</span>}
      {blocks(
        item.tokens.filter((inner) => inner.type !== "checkbox"),
        who,
        depth,
      )}
    </li>
  ));
  return t.ordered ? (
    <ol key={key} start={Number(t.start) || 1}>
      {items}
    </ol>
  ) : (
    <ul key={key}>{items}</ul>
  );
}

function table(t: Tokens.Table, who: readonly Mention[], depth: number, key: number): VNode {
  return (
    <div key={key} class="md-table" tabIndex={0} role="group">
      <table>
        <thead>
          <tr>
            {t.header.map((cell, i) => (
              <th key={i}>{inline(cell.tokens, who, depth)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {t.rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j}>{inline(cell.tokens, who, depth)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(list: readonly Token[], who: readonly Mention[], depth: number): ComponentChildren {
  if (depth > DEPTH_MOST) return list.map((t) => t.raw).join("");
  return list.map((t, i) => {
    switch (t.type) {
      case "strong":
        return <strong key={i}>{inline((t as Tokens.Strong).tokens, who, depth + 1)}</strong>;
      case "em":
        return <em key={i}>{inline((t as Tokens.Em).tokens, who, depth + 1)}</em>;
      case "del":
        return <del key={i}>{inline((t as Tokens.Del).tokens, who, depth + 1)}</del>;
      case "codespan":
        return <code key={i}>{(t as Tokens.Codespan).text}</code>;
      case "br":
        return <br key={i} />;
      case "link":
        return link(t as Tokens.Link, inline((t as Tokens.Link).tokens, who, depth + 1), i);
      case "image":
        return link(t as Tokens.Image, (t as Tokens.Image).text || (t as Tokens.Image).href, i);
      case "escape":
        return (t as Tokens.Escape).text;
      case "text": {
        const text = t as Tokens.Text;
        return text.tokens ? inline(text.tokens, who, depth + 1) : words(text.text, who);
      }
      default:
        return t.raw;
    }
  });
}

function link(t: { href: string; raw: string }, content: ComponentChildren, key: number): ComponentChildren {
  const href = safeAddress(t.href);
  if (href === null) return t.raw;
  return (
    <a key={key} href={href} target="_blank" rel="noopener noreferrer nofollow">
      {content}
    </a>
  );
}

const AT = /@([\p{L}\p{N}._-]{1,50})/gu;

/** Plain words, with the mentioned people's handles marked. */
export function words(text: string, who: readonly Mention[]): ComponentChildren {
  if (who.length === 0 || !text.includes("@")) return text;
  const out: ComponentChildren[] = [];
  let from = 0;
  for (const match of text.matchAll(AT)) {
    const handle = (match[1] ?? "").toLowerCase();
    const person = who.find((m) => m.handle.toLowerCase() === handle) ?? who.find((m) => m.handle.toLowerCase() === handle.replace(/[._-]+$/, ""));
    if (!person) continue;
    out.push(text.slice(from, match.index));
    out.push(
      <span class={person.mine ? "mention mention-me" : "mention"} title={person.name}>
        @{person.handle}
      </span>,
    );
    from = match.index + 1 + person.handle.length;
  }
  out.push(text.slice(from));
  return out;
}
