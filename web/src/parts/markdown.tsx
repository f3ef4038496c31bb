// Message text to elements: `mark.ts` reads the Markdown, every node becomes an element by name. Text never becomes HTML, a link
// leads only where a link may lead, and a picture from elsewhere stays a link (nothing is fetched from foreign places).
import type { ComponentChildren, VNode } from "preact";
import { type Block, type Inline, parse } from "./mark";

export interface Mention {
  handle: string;
  name: string;
  mine: boolean;
}

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

export function Markdown(props: { text: string; mentions: readonly Mention[] }): VNode {
  return <div class="md">{parse(props.text).map((b, i) => block(b, props.mentions, i, "auto"))}</div>;
}

/** `dir` is for the outermost block: it takes the direction of its first letters, and what stands within follows it. */
function block(b: Block, who: readonly Mention[], key: number, dir?: "auto"): ComponentChildren {
  switch (b.t) {
    case "p":
      return <p key={key} dir={dir}>{inline(b.c, who)}</p>;
    case "line":
      return inline(b.c, who);
    case "heading":
      // Not h1..h6: a message must not tear the outline of the page.
      return (
        <p key={key} class="md-heading" dir={dir}>
          {inline(b.c, who)}
        </p>
      );
    case "code":
      return (
        <pre key={key} dir="ltr" tabIndex={0}>
          <code>{b.s}</code>
        </pre>
      );
    case "quote":
      return <blockquote key={key} dir={dir}>{b.c.map((inner, i) => block(inner, who, i))}</blockquote>;
    case "rule":
      return <hr key={key} />;
    case "list": {
      const items = b.items.map((item, i) => (
        <li key={i}>
          {item.done !== null && <span class="md-task">{item.done ? "☑ " : "☐ "}</span>}
          {item.c.map((inner, j) => block(inner, who, j))}
        </li>
      ));
      return b.start === null ? (
        <ul key={key} dir={dir}>{items}</ul>
      ) : (
        <ol key={key} dir={dir} start={b.start}>
          {items}
        </ol>
      );
    }
    case "table":
      return (
        <div key={key} class="md-table" dir={dir} tabIndex={0} role="group">
          <table>
            <thead>
              <tr>
                {b.head.map((cell, i) => (
                  <th key={i}>{inline(cell, who)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {b.rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j}>{inline(cell, who)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
  }
}

function inline(list: readonly Inline[], who: readonly Mention[]): ComponentChildren {
  return list.map((n, i) => {
    if (typeof n === "string") return words(n, who);
    switch (n.t) {
      case "strong":
        return <strong key={i}>{inline(n.c, who)}</strong>;
      case "em":
        return <em key={i}>{inline(n.c, who)}</em>;
      case "del":
        return <del key={i}>{inline(n.c, who)}</del>;
      case "code":
        return <code key={i}>{n.s}</code>;
      case "br":
        return <br key={i} />;
      case "link": {
        const href = safeAddress(n.href);
        if (href === null) return n.raw;
        return (
          <a key={i} href={href} target="_blank" rel="noopener noreferrer nofollow">
            {inline(n.c, who)}
          </a>
        );
      }
    }
  });
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
