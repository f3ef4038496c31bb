// A request code as a machine without a network shows it, made in JavaScript: the form is in src/core/machines/requests.rs.
import { createHash, randomBytes } from "node:crypto";

const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const KINDS = ["machine_id", "product_uuid", "product_serial", "board_serial", "board_name", "cpu", "memory", "disk_serial", "mac"];
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** The five bits of each letter that the bytes make, the last one filled up with zeros. */
function fives(bytes) {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{1,5}/g).map((five) => parseInt(five.padEnd(5, "0"), 2));
}

/** Luhn's check in base 32. */
function checkOf(line) {
  const sum = [...line].reverse().reduce((total, value, at) => total + (at % 2 === 0 ? Math.floor((value * 2) / 32) + ((value * 2) % 32) : value), 0);
  return (32 - (sum % 32)) % 32;
}

/** The code of a computer that consists of these, a kind and a normalised value each. */
export function requestCode(components) {
  const parts = components.map(({ kind, value }) => Buffer.concat([Buffer.from([KINDS.indexOf(kind) + 1]), sha256(`chatelaine component 1\n${kind}\n${value}`).subarray(0, 16)]));
  const body = Buffer.concat([Buffer.from([1]), randomBytes(8), Buffer.from([parts.length]), ...parts]);
  const values = fives(Buffer.concat([body, sha256("chatelaine request 1\n", body).subarray(0, 4)]));
  const lines = [];
  for (let at = 0; at < values.length; at += 24) {
    const line = values.slice(at, at + 24);
    lines.push([...line, checkOf(line)].map((value) => LETTERS[value]).join("").match(/.{1,5}/g).join(" "));
  }
  return lines.join("\n");
}
