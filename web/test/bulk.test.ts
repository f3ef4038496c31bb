import { describe, expect, it } from "vitest";
import { readRows } from "../src/state/bulk.ts";

const CODE = "0123456789abcdefGHIJ456789ABCDEF";
const other = (n: number) => CODE.slice(0, -1) + n;

describe("reading machines to import", () => {
  it("takes CSV as spreadsheets write it", () => {
    const text = `\uFEFFName;Account;Code\r\n"Bench; the ""old"" one";@ann;${CODE}\r\nTwo\nlines;bob;x\r\n`;
    const read = readRows(text.replace("Two\nlines", '"Two\nlines"'));
    expect(read?.good).toEqual([{ row: 1, account: "ann", code: CODE, name: 'Bench; the "old" one' }]);
    expect(read?.bad).toEqual([{ row: 2, flaw: "code", code: "x" }]);
  });

  it("takes what an export kept from being a formula as it was", () => {
    const read = readRows(`account,code,name\nann,${CODE},'=1+1\nann,${other(1)},'tis\n`);
    expect(read?.good.map((r) => r.name)).toEqual(["=1+1", "'tis"]);
  });

  it("takes JSON with rows, and a bare list", () => {
    const rows = [{ account: "ann", code: CODE, name: "Bench" }, { account: "bob", code: other(1) }];
    for (const text of [JSON.stringify({ rows }), JSON.stringify(rows)]) expect(readRows(text)?.good.map((r) => [r.row, r.account, r.name])).toEqual([[1, "ann", "Bench"], [2, "bob", ""]]);
  });

  it("names the rows that cannot be sent, and why", () => {
    const text = `account,code,name\nann,${CODE},a\n,${other(1)},b\nbob,short,c\nbob,${CODE.toUpperCase()},d\nbob,${other(2)},e`;
    const read = readRows(text);
    expect(read?.bad.map((b) => [b.row, b.flaw])).toEqual([[2, "account"], [3, "code"], [4, "twice"]]);
    expect(read?.good.map((g) => g.row)).toEqual([1, 5]);
  });

  it("does not take anything else for rows", () => {
    for (const text of ["", "hello", "name,number\nx,1", "{", '{"machines": []}', "null", '{"rows": 3}', "[[[", "{}"]) expect(readRows(text), text).toBeNull();
    expect(readRows('[null, 7, "x"]')?.bad).toHaveLength(3);
  });

  it("reads a hundred thousand rows in a breath", () => {
    const text = `account,code,name\n${Array.from({ length: 100_000 }, (_, i) => `ann,${String(i).padStart(32, "a")},"n ${i}"`).join("\n")}`;
    const before = performance.now();
    expect(readRows(text)?.good).toHaveLength(100_000);
    expect(performance.now() - before).toBeLessThan(5000);
  });
});
