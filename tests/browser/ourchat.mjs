// Somebody at an OurChat client: as much of gRPC-Web as a page needs to meet him, by hand, over what Node brings along.
import { createHash, generateKeyPairSync } from "node:crypto";
import { PASSWORD } from "./people.mjs";

const VARINT = 0;
const BYTES = 2;
const CHAT = "service.ourchat.v1.OurChatService";
let key;

function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

/** A message from its fields, each a number with a value: a number or truth, a text, or bytes. */
function message(...fields) {
  const parts = fields.map(([number, value]) => {
    if (typeof value === "number" || typeof value === "boolean") return Buffer.concat([varint((number << 3) | VARINT), varint(Number(value))]);
    const body = Buffer.from(value);
    return Buffer.concat([varint((number << 3) | BYTES), varint(body.length), body]);
  });
  return Buffer.concat(parts);
}

/** The fields of a message by number: numbers, and bytes for the rest. */
function fields(bytes) {
  const found = {};
  let at = 0;
  const number = () => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  };
  while (at < bytes.length) {
    const tag = number();
    if ((tag & 7) === VARINT) found[tag >> 3] = number();
    else {
      const length = number();
      found[tag >> 3] = bytes.subarray(at, (at += length));
    }
  }
  return found;
}

export class Ourchat {
  /** Registers somebody. */
  static async register(server, name) {
    key ??= generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "pkcs1", format: "der" });
    const one = new Ourchat();
    one.server = server;
    const made = await one.call("service.auth.v1.AuthService", "Register", message([1, `${name.replace(/\W+/g, ".").toLowerCase()}@example.org`], [2, PASSWORD], [3, name], [4, key]));
    one.id = made[2];
    one.token = made[3].toString();
    return one;
  }

  async call(service, rpc, body) {
    const frame = Buffer.concat([Buffer.alloc(5), body]);
    frame.writeUInt32BE(body.length, 1);
    const headers = { "content-type": "application/grpc-web+proto", ...(this.token ? { authorization: `Bearer ${this.token}` } : {}) };
    const answer = await fetch(`${this.server.plain}/${service}/${rpc}`, { method: "POST", headers, body: frame });
    const got = Buffer.from(await answer.arrayBuffer());
    let said = `grpc-status:${answer.headers.get("grpc-status") ?? ""} ${answer.headers.get("grpc-message") ?? ""}`;
    let read = {};
    for (let at = 0; at < got.length; ) {
      const part = got.subarray(at + 5, at + 5 + got.readUInt32BE(at + 1));
      if (got[at] === 0) read = fields(part);
      else said = part.toString();
      at += 5 + part.length;
    }
    if (!/grpc-status: ?0/.test(said)) throw new Error(`${rpc}: ${answer.status} ${said}`);
    return read;
  }

  async openSession(name, encrypted) {
    return (await this.call(CHAT, "NewSession", message([2, name], [5, encrypted])))[1];
  }
  letIn(session, account) {
    return this.call(CHAT, "AllowUserJoinSession", message([1, session], [2, account], [3, true]));
  }
  async say(session, text, encrypted = false, files = []) {
    return (await this.call(CHAT, "SendMsg", message([1, session], [2, text], ...files.map((file) => [3, file]), [4, encrypted])))[1];
  }
  encrypt(session) {
    return this.call(CHAT, "E2eeizeSession", message([1, session]));
  }
  /** Brings a small file into a session; its key. */
  async bring(session, bytes) {
    const hash = createHash("sha3-256").update(bytes).digest();
    const upload = (await this.call(CHAT, "StartUpload", message([1, hash], [2, bytes.length], [4, session])))[1];
    await this.call(CHAT, "UploadChunk", message([1, upload], [2, bytes], [3, 0]));
    return (await this.call(CHAT, "CompleteUpload", message([1, upload])))[1].toString();
  }
  recall(session, id) {
    return this.call(CHAT, "RecallMsg", message([1, id], [2, session]));
  }
  mute(session, account, seconds) {
    return this.call(CHAT, "MuteUser", message([1, session], [2, varint(account)], [3, message([1, seconds])]));
  }
  unmute(session, account) {
    return this.call(CHAT, "UnmuteUser", message([1, session], [2, varint(account)]));
  }
  ban(session, account) {
    return this.call(CHAT, "BanUser", message([1, session], [2, varint(account)]));
  }
}
