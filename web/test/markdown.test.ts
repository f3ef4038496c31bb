import { describe, expect, it } from "vitest";
import type { VNode } from "preact";
import { Markdown, type Mention, safeAddress, words } from "../src/parts/markdown.tsx";

/** The tree as text: tag names with their attributes that matter. */
function show(node: unknown): string {
  if (node === null || node === undefined || typeof node === "boolean") return "";
  if (typeof node === "string" || typeof node === "number") return String(node);
  if (Array.isArray(node)) return node.map(show).join("");
  const v = node as VNode<Record<string, unknown>>;
  if (typeof v.type === "function") return show((v.type as (p: unknown) => unknown)(v.props));
  const inner = show(v.props.children);
  if (!v.type) return inner;
  const href = v.props.href ? ` href=${String(v.props.href)}` : "";
  return `<${v.type as string}${href}>${inner}</${v.type as string}>`;
}
const md = (text: string, mentions: Mention[] = []) => show(Markdown({ text, mentions })).replace(/^<div>|<\/div>$/g, "");

describe("message text", () => {
  it("knows emphasis, code, lists, quotes and line breaks", () => {
    expect(md("a **b** *c* ~~d~~ `e`")).toBe("<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e</code></p>");
    expect(md("one\ntwo")).toBe("<p>one<br></br>two</p>");
    expect(md("- a\n- b")).toBe("<ul><li>a</li><li>b</li></ul>");
    expect(md("3. a")).toBe("<ol><li>a</li></ol>");
    expect(md("> q")).toBe("<blockquote><p>q</p></blockquote>");
    expect(md("```js\nlet a < 1\n```")).toBe("<pre><code>let a < 1</code></pre>");
    expect(md("- [x] done")).toBe("<ul><li><span>☑ </span>done</li></ul>");
  });
  it("never makes elements of HTML in the text", () => {
    for (const text of ["<img src=x onerror=alert(1)>", "a <b>b</b>", "<script>1</script>", "&lt;i&gt; &amp;"]) {
      expect(md(text)).not.toMatch(/<(img|b|script|i)\b[^>]*>.*<\/(img|b|script|i)>$/);
      expect(md(text).replace(/^<p>|<\/p>$/g, "")).toBe(text);
    }
  });
  it("links only where a message may lead", () => {
    expect(md("[x](https://a.example/)")).toBe("<p><a href=https://a.example/>x</a></p>");
    expect(md("https://a.example/b")).toBe("<p><a href=https://a.example/b>https://a.example/b</a></p>");
    expect(md("[x](javascript:alert(1))")).toBe("<p>[x](javascript:alert(1))</p>");
    expect(safeAddress("data:text/html,x")).toBeNull();
    expect(safeAddress("JAVASCRIPT:x")).toBeNull();
    expect(safeAddress("//evil.example/x")).toBe("https://evil.example/x");
    expect(safeAddress("/api/v1/me")).toBeNull();
    expect(safeAddress("mailto:a@b.example")).toBe("mailto:a@b.example");
  });
  it("fetches no picture from elsewhere", () => {
    expect(md("![cat](https://a.example/c.png)")).toBe("<p><a href=https://a.example/c.png>cat</a></p>");
  });
  it("keeps the outline of the page: a heading in a message is a paragraph", () => {
    expect(md("# T")).toBe("<p>T</p>");
  });
  it("marks only people who are mentioned", () => {
    const who = [{ handle: "Ann", name: "Ann Lee", mine: false }];
    expect(show(words("hi @ann, @bob", who))).toBe("hi <span>@Ann</span>, @bob");
    expect(md("**@ann.**", who)).toBe("<p><strong><span>@Ann</span>.</strong></p>");
    expect(md("`@ann`", who)).toBe("<p><code>@ann</code></p>");
  });
  it("survives absurd nesting", () => {
    expect(() => md(`${">".repeat(3000)} x`)).not.toThrow();
    expect(() => md("*".repeat(2000))).not.toThrow();
    expect(() => md(`${"[".repeat(2000)}x`)).not.toThrow();
  });
});
