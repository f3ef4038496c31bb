// What a page does that talks gRPC-Web with a transport of another make; bundled, run in a real browser, once for each way to reach
// the server. The stubs beside it are made from our own .proto files.
import { GrpcWebFetchTransport } from "@protobuf-ts/grpcweb-transport";
import { AuthServiceClient } from "service/auth/v1/auth.client";
import { BasicService } from "service/basic/v1/basic";
import { BasicServiceClient } from "service/basic/v1/basic.client";
import { OurChatServiceClient } from "service/ourchat/v1/ourchat.client";
import { ServerManageServiceClient } from "service/server_manage/v1/server_manage.client";

const PASSWORD = "quiet lanterns over nine rivers";
const FORMS = ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text", "application/grpc-web-text+proto"];
const BEGINNING = { time: { seconds: 0n, nanos: 0 }, announcementOnly: false };

/** Gives up on what takes too long, so that nothing hangs for ever. */
const within = (promise, what) =>
  Promise.race([promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`waited in vain for ${what}`)), 20_000))]);

function equal(got, wanted, what) {
  const show = (value) => JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner));
  if (show(got) !== show(wanted)) throw new Error(`${what}: ${show(got)}, not ${show(wanted)}`);
}

/** The call must fail with this code and this text. */
async function refused(call, code, text) {
  let answer;
  try {
    answer = await within(Promise.resolve(call()), "a refusal");
  } catch (error) {
    // This transport hands the text over as it travels, for its page to decode.
    equal([error.code, decodeURIComponent(error.message)], [code, text], "a refusal");
    return error;
  }
  throw new Error(`answered: ${Object.keys(answer)}`);
}

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

class Line {
  constructor(way) {
    this.way = way;
    const transport = new GrpcWebFetchTransport({ baseUrl: way.base, format: way.format });
    this.auth = new AuthServiceClient(transport);
    this.basic = new BasicServiceClient(transport);
  }

  async person(name) {
    const email = `${name}.${crypto.randomUUID().slice(0, 13)}@example.org`;
    const publicKey = Uint8Array.from(this.way.key.match(/../g), (pair) => Number.parseInt(pair, 16));
    const since = (await this.basic.timestamp({})).response.timestamp;
    const { response } = await within(this.auth.register({ email, password: PASSWORD, name, publicKey }), "an account");
    return Object.assign(new Person(this, email, response), { since });
  }
}

class Person {
  constructor(line, email, { id, ocid, token }) {
    Object.assign(this, { line, email, id, ocid, token });
    const { base, format } = line.way;
    const transport = new GrpcWebFetchTransport({ baseUrl: base, format, meta: { authorization: `Bearer ${token}` } });
    this.chat = new OurChatServiceClient(transport);
    this.manage = new ServerManageServiceClient(transport);
  }

  async session(...others) {
    const { response } = await this.chat.newSession({ members: [], name: "kitchen", e2EeOn: false });
    for (const other of others) await this.chat.allowUserJoinSession({ sessionId: response.sessionId, userId: other.id, accepted: true });
    return response.sessionId;
  }

  async say(sessionId, markdownText) {
    return (await within(this.chat.sendMsg({ sessionId, markdownText, involvedFiles: [], isEncrypted: false }), "a message to be sent")).response;
  }

  /** An open stream of what happens since this person came; `next()` waits for an event. */
  listen(ask = { time: this.since, announcementOnly: false }) {
    const stop = new AbortController();
    const call = this.chat.fetchMsgs(ask, { abort: stop.signal });
    const events = call.responses[Symbol.asyncIterator]();
    return {
      next: async () => (await within(events.next(), "an event")).value,
      close: () => stop.abort(),
      call,
    };
  }
}

const CHECKS = {
  "the server says who it is": async (line) => {
    const { response } = await line.basic.getServerInfo({});
    equal([response.status, response.uniqueIdentifier.length], [0, 36], "the server");
    await line.basic.ping({});
  },
  "the answer has the form that was asked for": async (line) => {
    for (const form of FORMS) {
      const body = form.includes("text") ? "AAAAAAA=" : new Uint8Array(5);
      const answer = await fetch(`${line.way.base}/service.basic.v1.BasicService/Ping`, { method: "POST", headers: { "content-type": form, accept: form, "x-grpc-web": "1" }, body });
      // A transport compares the whole word, so it must be one of the four, and of the asked kind.
      const said = answer.headers.get("content-type");
      equal([answer.status, FORMS.includes(said), said.includes("text")], [200, true, form.includes("text")], `the answer ${said}`);
    }
  },
  "an account is made, signs in and reads itself": async (line) => {
    const ann = await line.person("ann");
    const signed = (await line.auth.auth({ account: { oneofKind: "email", email: ann.email }, password: PASSWORD })).response;
    equal([signed.id, signed.ocid], [ann.id, ann.ocid], "who signed in");
    const own = (await ann.chat.getAccountInfo({ requestValues: [1, 2, 3] })).response;
    equal([own.ocid, own.email, own.userName], [ann.ocid, ann.email, "ann"], "the account");
    if (Number(ann.id) >= 2 ** 53) throw new Error(`an id that JavaScript cannot hold: ${ann.id}`);
  },
  "refusals are read with code and text": async (line) => {
    const ann = await line.person("ann");
    await refused(() => line.auth.auth({ account: { oneofKind: "ocid", ocid: ann.ocid }, password: "wrong" }), "UNAUTHENTICATED", "Wrong Password");
    await refused(() => line.auth.auth({ account: { oneofKind: undefined }, password: PASSWORD }), "INVALID_ARGUMENT", "Missing AuthType");
    await refused(() => ann.chat.getAccountInfo({ id: 2n ** 64n - 1n, requestValues: [] }), "NOT_FOUND", "User Not Found");
    await refused(() => ann.say(2n ** 53n, "x"), "PERMISSION_DENIED", "User Not In Session");
    const nobody = new Person(line, "", { token: "" });
    await refused(() => nobody.chat.unregister({}), "UNAUTHENTICATED", "Correct format is Authorization: Bearer <jwt>");
    const stranger = new OurChatServiceClient(new GrpcWebFetchTransport({ baseUrl: line.way.base, format: line.way.format }));
    await refused(() => stranger.unregister({}), "UNAUTHENTICATED", "Token Missing");
    await refused(() => stranger.fetchMsgs(BEGINNING), "UNAUTHENTICATED", "Token Missing");
    await refused(() => ann.chat.fetchMsgs({ announcementOnly: false }), "INVALID_ARGUMENT", "Time Missing");
  },
  "an unknown rpc is unimplemented": async (line) => {
    const transport = new GrpcWebFetchTransport({ baseUrl: line.way.base, format: line.way.format });
    const method = { ...BasicService.methods.find((known) => known.name === "Ping"), name: "Nothing" };
    const error = await transport.unary(method, {}, transport.mergeOptions()).then(() => null, (reason) => reason);
    equal(error?.code, "UNIMPLEMENTED", "an unknown rpc");
  },
  "a stream replays and then delivers while it is open": async (line) => {
    const [ann, bob] = [await line.person("ann"), await line.person("bob")];
    const session = await ann.session(bob);
    const before = [await ann.say(session, "one"), await ann.say(session, "two")];
    const ears = bob.listen();
    const heard = [];
    while (heard.length < 2) {
      const event = await ears.next();
      if (event.respondEventType.oneofKind === "msg") heard.push(event);
    }
    equal(heard.map((event) => event.respondEventType.msg.markdownText), ["one", "two"], "the replay");
    equal(heard.map((event) => event.msgId), before.map((sent) => sent.msgId), "its numbers");
    for (let i = 0; i < 20; i++) {
      // Each must be there before the next is written: nothing waits in a buffer for more to come.
      const text = `live ${i} \u4f60\u597d ${"x".repeat(i * 37)}`;
      const sent = await ann.say(session, text);
      const event = await ears.next();
      equal([event.msgId, event.respondEventType.msg.markdownText], [sent.msgId, text], "a live event");
    }
    ears.close();
  },
  "a stream that its page drops ends and the next one works": async (line) => {
    const ann = await line.person("ann");
    const session = await ann.session();
    for (let i = 0; i < 5; i++) {
      const ears = ann.listen();
      await within(ears.call.headers, "the headers before any event");
      const next = ears.next().then(() => null, (reason) => reason);
      ears.close();
      equal((await within(next, "the end"))?.code, "CANCELLED", "the end");
    }
    const ears = ann.listen();
    const sent = await ann.say(session, "still here");
    equal((await ears.next()).msgId, sent.msgId, "the event");
    ears.close();
  },
  "a recall is heard": async (line) => {
    const [ann, bob] = [await line.person("ann"), await line.person("bob")];
    const session = await ann.session(bob);
    const ears = bob.listen();
    const { msgId } = await ann.say(session, "nonsense");
    await ann.chat.recallMsg({ sessionId: session, msgId });
    let event;
    do event = await ears.next();
    while (event.respondEventType.oneofKind !== "recall");
    equal(event.respondEventType.recall.msgId, msgId, "what was recalled");
    ears.close();
  },
  "two become friends and talk": async (line) => {
    const [ann, bob] = [await line.person("ann"), await line.person("bob")];
    const ears = bob.listen();
    await ann.chat.addFriend({ friendId: bob.id, leaveMessage: "hello" });
    equal((await ears.next()).respondEventType.newFriendInvitationNotification.leaveMessage, "hello", "the invitation");
    const { response } = await bob.chat.acceptFriendInvitation({ friendId: ann.id, status: 1 });
    await ann.say(response.sessionId, "hi");
    let event;
    do event = await ears.next();
    while (event.respondEventType.oneofKind !== "msg");
    equal(event.respondEventType.msg.senderId, ann.id, "who spoke");
    ears.close();
  },
  "a file goes up in pieces and comes down by a stream": async (line) => {
    const ann = await line.person("ann");
    const body = new Uint8Array(1_300_001);
    for (let at = 0; at < body.length; at += 65_536) crypto.getRandomValues(body.subarray(at, Math.min(at + 65_536, body.length)));
    const hash = Uint8Array.from((await window.sha3(hex(body))).match(/../g), (pair) => Number.parseInt(pair, 16));
    const begun = (await ann.chat.startUpload({ hash, size: BigInt(body.length), autoClean: false })).response;
    for (let piece = 0; piece * begun.chunkSize < body.length; piece++) {
      const chunkData = body.slice(piece * begun.chunkSize, (piece + 1) * begun.chunkSize);
      await within(ann.chat.uploadChunk({ uploadId: begun.uploadId, chunkId: BigInt(piece), chunkData }), "a piece to be taken");
    }
    const { key } = (await ann.chat.completeUpload({ uploadId: begun.uploadId })).response;
    let got = "";
    for await (const part of ann.chat.download({ key }).responses) got += hex(part.data);
    equal(got === hex(body), true, "the bytes");
    await ann.chat.deleteFile({ key });
    await refused(() => ann.chat.download({ key }), "PERMISSION_DENIED", "Permission Denied");
  },
};

/** What the panel does, signed in by e-mail as it does. */
CHECKS["a panel looks after the server"] = async (line) => {
  const { response: signed } = await line.auth.auth({ account: { oneofKind: "email", email: "chief@example.org" }, password: PASSWORD });
  const chief = new Person(line, "chief@example.org", signed);
  const ann = await line.person("ann");
  const session = await ann.session();
  const page = { page: 1, pageSize: 10 };

  const ears = chief.listen({ ...BEGINNING, announcementOnly: true });
  const said = (await chief.manage.publishAnnouncement({ announcement: { title: "News", content: `for ${ann.ocid}`, publisherId: 0n } })).response.announcement;
  let event;
  do event = (await ears.next()).respondEventType;
  while (event.announcementResponse.id !== said.id);
  equal([event.announcementResponse.announcement.content, event.announcementResponse.announcement.publisherId], [`for ${ann.ocid}`, chief.id], "the announcement");
  ears.close();

  const { metrics } = (await chief.manage.getMonitoringMetrics({ includeSystemMetrics: true, includeTokioMetrics: true })).response;
  equal([metrics.totalUsers > 1, metrics.memoryUsagePercent > 0, metrics.tokio !== undefined], [true, true, true], "figures");
  const now = BigInt(Math.floor(Date.now() / 1000));
  await chief.manage.getHistoricalMetrics({ startTime: { seconds: now - 3600n, nanos: 0 }, endTime: { seconds: now, nanos: 0 }, interval: { seconds: 60n, nanos: 0 } });
  equal(Object.keys(JSON.parse((await chief.manage.getConfig({})).response.content)).includes("main_cfg"), true, "the configuration");
  equal((await chief.manage.setConfig({ content: JSON.stringify({ log_clean_duration: "30d" }) })).response.success, true, "a change");

  const listed = async () => (await chief.manage.listUsers({ filter: { email: ann.email }, pagination: page })).response.users.map((user) => [user.id, user.accountStatus]);
  equal(await listed(), [[ann.id, 0]], "who is listed");
  await chief.manage.banUser({ userId: ann.id, reason: "noise" });
  equal(await listed(), [[ann.id, 2]], "who is banned");
  await refused(() => ann.chat.getAccountInfo({ requestValues: [] }), "PERMISSION_DENIED", "User Banned");
  await chief.manage.unbanUser({ userId: ann.id });
  // A ban ends her tokens too.
  const again = (await line.auth.auth({ account: { oneofKind: "ocid", ocid: ann.ocid }, password: PASSWORD })).response;
  const back = new Person(line, ann.email, again);

  await refused(() => back.manage.listUsers({}), "PERMISSION_DENIED", "Permission Denied");
  equal((await chief.manage.listServerRoles({})).response.roles[0].name, "admin", "the role");
  equal((await chief.manage.listServerRolePermissions({ roleId: 1n })).response.permissions.length, 9, "its permissions");
  await chief.manage.assignServerRole({ userId: ann.id, roleId: 1n });
  equal((await chief.manage.listUserServerRoles({ userId: ann.id })).response.roleIds, [1n], "her roles");
  await chief.manage.removeServerRole({ userId: ann.id, roleId: 1n });

  const sessions = (await chief.manage.listSessions({ filter: { ownerId: ann.id }, pagination: page, queryValues: [1, 2, 8] })).response.sessions;
  equal(sessions.map((one) => [one.sessionId, one.name, one.size]), [[session, "kitchen", 1n]], "her sessions");
  await chief.chat.deleteSession({ sessionId: session });
  await chief.manage.deleteAccount({ userId: ann.id });
  const gone = await back.chat.getAccountInfo({ requestValues: [] }).then(() => null, (reason) => reason);
  equal(gone?.code, "UNAUTHENTICATED", "a deleted account");
};

/** What a page sees of a server that lets nobody in for now. */
const SHUT = {
  "a bare 429 is read as such": async (line) => {
    let error = null;
    for (let i = 0; i < 40 && !error; i++) error = await line.basic.ping({}).then(() => null, (reason) => reason);
    equal([error?.code, error?.message], ["RESOURCE_EXHAUSTED", "Too Many Requests"], "a limit");
    const answer = await fetch(`${line.way.base}/service.basic.v1.BasicService/Ping`, { method: "POST", headers: { "content-type": "application/grpc-web+proto" }, body: new Uint8Array(5) });
    equal([answer.status, answer.headers.get("grpc-status"), answer.headers.get("grpc-message")], [429, null, null], "the bare answer");
  },
  "maintenance is read with code and text": async (line) => {
    await refused(() => line.basic.getServerInfo({}), "UNAVAILABLE", "Server Maintaining");
  },
};

async function run(checks, way, wanted) {
  const told = [];
  for (const [name, check] of Object.entries(checks)) {
    if (!`${way.name}: ${name}`.includes(wanted)) continue;
    try {
      await check(new Line(way));
      told.push({ name: `${way.name}: ${name}` });
    } catch (error) {
      told.push({ name: `${way.name}: ${name}`, error: String(error?.stack ?? error) });
    }
  }
  return told;
}

window.runChecks = (way, wanted) => run(CHECKS, way, wanted);
window.runShut = (name, way, wanted) => run({ [name]: SHUT[name] }, way, wanted);
