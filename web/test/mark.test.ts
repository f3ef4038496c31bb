import { describe, expect, it } from "vitest";
import { inline, parse } from "../src/parts/mark.ts";

describe("emphasis", () => {
  it("nests", () => {
    expect(inline("**a *b* c**")).toEqual([{ t: "strong", c: ["a ", { t: "em", c: ["b"] }, " c"] }]);
    expect(inline("*a **b***")).toEqual([{ t: "em", c: ["a ", { t: "strong", c: ["b"] }] }]);
    expect(inline("***a** b*")).toEqual([{ t: "em", c: [{ t: "strong", c: ["a"] }, " b"] }]);
  });
  it("stays text where it has no partner or stands free", () => {
    for (const text of ["2 * 3 * 4", "**a", "a**", "snake_case_name", "* ", "a ~ b ~ c", "5 < 6 > 4", "[a] (b)", "![", "`a"]) expect(inline(text)).toEqual([text]);
  });
  it("is not made of crossed signs", () => {
    expect(inline("*a _b* c_")).toEqual([{ t: "em", c: ["a _b"] }, " c_"]);
  });
  it("works next to letters without spaces, as in Chinese", () => {
    expect(inline("这是**重点**内容")).toEqual(["这是", { t: "strong", c: ["重点"] }, "内容"]);
  });
  it("can be taken away by a backslash", () => {
    expect(inline("\\*a\\* \\x C:\\dir")).toEqual(["*a* \\x C:\\dir"]);
  });
});

describe("code and links", () => {
  it("keeps signs inside code", () => {
    expect(inline("`*a*` ``b`c``")).toEqual([{ t: "code", s: "*a*" }, " ", { t: "code", s: "b`c" }]);
  });
  it("finds bare addresses and leaves the end of the sentence", () => {
    expect(inline("see https://a.example/x_(y). Or www.b.example, ok")).toEqual([
      "see ",
      { t: "link", href: "https://a.example/x_(y)", c: ["https://a.example/x_(y)"], raw: "https://a.example/x_(y)" },
      ". Or ",
      { t: "link", href: "https://www.b.example", c: ["www.b.example"], raw: "www.b.example" },
      ", ok",
    ]);
    expect(inline("how when https:// x")).toEqual(["how when https:// x"]);
    expect(inline("请看https://a.example/路径。好")).toMatchObject(["请看https://a.example/路径。好"]);
    expect(inline("(https://a.example)")).toMatchObject(["(", { href: "https://a.example" }, ")"]);
  });
  it("reads links with brackets in text and address", () => {
    expect(inline('[a [b] **c**](https://x.example/(y) "t")')).toEqual([{ t: "link", href: "https://x.example/(y)", c: ["a [b] ", { t: "strong", c: ["c"] }], raw: '[a [b] **c**](https://x.example/(y) "t")' }]);
    expect(inline("<https://x.example>")).toMatchObject([{ t: "link", href: "https://x.example" }]);
  });
});

describe("blocks", () => {
  it("keeps line breaks, because a message is not a book", () => {
    expect(parse("a\nb\n\nc")).toEqual([
      { t: "p", c: ["a", { t: "br" }, "b"] },
      { t: "p", c: ["c"] },
    ]);
  });
  it("nests lists and quotes", () => {
    expect(parse("- a\n  - b\n- [ ] c")).toEqual([
      { t: "list", start: null, items: [{ done: null, c: [{ t: "line", c: ["a"] }, { t: "list", start: null, items: [{ done: null, c: [{ t: "line", c: ["b"] }] }] }] }, { done: false, c: [{ t: "line", c: ["c"] }] }] },
    ]);
    expect(parse("> > a\n> b")).toEqual([{ t: "quote", c: [{ t: "quote", c: [{ t: "p", c: ["a"] }] }, { t: "p", c: ["b"] }] }]);
    expect(parse("7. a\n8. b")).toMatchObject([{ t: "list", start: 7, items: [{}, {}] }]);
  });
  it("does not take a year for a list", () => {
    expect(parse("we met in\n1999. Good year")).toEqual([{ t: "p", c: ["we met in", { t: "br" }, "1999. Good year"] }]);
  });
  it("keeps code as it is, also when the fence is never closed", () => {
    expect(parse("```\n a  *b*\n\n- c\n```\nd")).toEqual([{ t: "code", s: " a  *b*\n\n- c" }, { t: "p", c: ["d"] }]);
    expect(parse("```\na")).toEqual([{ t: "code", s: "a" }]);
    expect(parse("```")).toEqual([{ t: "code", s: "" }]);
  });
  it("reads tables and rules", () => {
    expect(parse("| a | b |\n|---|:-:|\n| 1 | *2* |\n\n---")).toEqual([{ t: "table", head: [["a"], ["b"]], rows: [[["1"], [{ t: "em", c: ["2"] }]]] }, { t: "rule" }]);
    expect(parse("a | b\nc")).toEqual([{ t: "p", c: ["a | b", { t: "br" }, "c"] }]);
  });
  it("loses no letter of a plain text", () => {
    for (const text of ["hello", "a # b", "#tag", "1.5 is more", "-5 degrees", "*", "_", "~~", "\\", "[", "<", "!", "x\\"]) expect(JSON.stringify(parse(text))).toContain(JSON.stringify(text).slice(1, -1));
  });
});

describe("a stranger's text", () => {
  it("is read in time that grows with its length only", () => {
    const n = 16_000;
    const nasty = ["*", "**a", "_a ", "[", "[a](", "![", "`", "` `` ", "~~", "<", "> ", "- ", "  - a\n", "h", "https://", "a*b_", "*a_", "|", "|a|\n|-|\n", "\\", "](", "((", "1. ", "#", "\n", " "];
    for (const unit of nasty) {
      const text = unit.repeat(Math.floor(n / unit.length));
      const begun = performance.now();
      parse(text);
      expect(performance.now() - begun, `${JSON.stringify(unit)} repeated`).toBeLessThan(1500);
    }
  });
});
