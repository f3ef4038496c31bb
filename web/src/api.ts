// The only file that calls the server: the shapes of its answers, one function per call, and one kind of failure.

export type Id = number;
export type Time = string;

export interface Server {
  name: string;
  version: string;
  setup_needed: boolean;
  sign_up: "open" | "invite" | "closed";
  epoch: number;
  limits: { message_bytes: number; upload_bytes: number; chunk_bytes: number; quota_bytes: number; room_members: number; password_score: number };
}
export interface Me {
  id: Id;
  handle: string;
  email: string | null;
  email_verified: boolean;
  display_name: string;
  avatar: Id | null;
  status: string;
  bio: string;
  locale: string;
  time_zone: string;
  server_role: Id | null;
  permissions: string[];
  organisation: string | null;
  organisation_permissions: string[];
  created_at: Time;
  updated_at: Time;
}
export type Presence = "online" | "away" | "offline";
export interface Account {
  id: Id;
  handle: string;
  display_name: string;
  avatar: Id | null;
  status: string;
  bio: string;
  presence: Presence | null;
  last_seen_at?: Time;
  friend: "none" | "me" | "friend" | "asked" | "asks" | "blocked";
  alias?: string;
}
export interface Signed {
  token?: string;
  login_id: Id;
  account: Me;
}
export interface Login {
  id: Id;
  dialect: string;
  created_at: Time;
  last_seen_at: Time;
  expires_at: Time;
  address: string | null;
  agent: string;
  current: boolean;
}
export interface Friend {
  account: Account;
  room: Id | null;
  since: Time;
}
export interface FriendRequest {
  account: Account;
  direction: "in" | "out";
  note: string;
  created_at: Time;
  expires_at: Time;
}
export type JoinRule = "open" | "request" | "invite";
export interface RoomOptions {
  members_may_send: boolean;
  members_may_list: boolean;
  members_may_invite: boolean;
  listed: boolean;
}
export interface Room {
  id: Id;
  kind: "private" | "group";
  title: string;
  description: string;
  avatar: Id | null;
  join_rule: JoinRule;
  encrypted: boolean;
  options: RoomOptions;
  members_count: number;
  last_offset: number;
  created_at: Time;
  updated_at: Time;
}
export type Notify = "all" | "mentions" | "none";
export interface MyPlace {
  role: Id;
  permissions: string[];
  read_offset: number;
  notify: Notify;
  muted_until: string | null;
}
export interface Marks {
  read_offset: number;
  delivered_offset: number;
}
export interface RoomSummary {
  room: Room;
  me: MyPlace;
  /** How far the furthest of the others is; null where it is not told. */
  others: Marks | null;
  unread: number;
  mentioned: boolean;
  last_message: Message | null;
  peer: Account | null;
}
export interface Member {
  account: Account;
  role: Id;
  role_name: string;
  joined_at: Time;
  muted_until: string | null;
}
export interface Role {
  id: Id;
  name: string;
  description: string;
  permissions: string[];
  built_in: boolean;
}
export interface Restriction {
  account: Account | null;
  until: string;
  by: Id;
  reason: string;
}
export interface Invite {
  id: Id;
  room: Id;
  room_title: string;
  inviter: Account;
  note: string;
  created_at: Time;
}
export interface Link {
  id: Id;
  token: string;
  room: Id;
  by: Id;
  uses: number | null;
  used: number;
  expires_at: Time | null;
  created_at: Time;
}
export interface LinkPreview {
  room: Id;
  title: string;
  description: string;
  avatar: Id | null;
  members_count: number;
  member: boolean;
}
export interface JoinRequest {
  account: Account;
  note: string;
  created_at: Time;
}
export interface Joined {
  state: "joined" | "asked" | "declined";
  room: Id;
}
export interface Block {
  account: Account;
}
export type Segment =
  | { kind: "file"; file: Id }
  | { kind: "image"; file: Id; width: number; height: number }
  | { kind: "voice"; file: Id; duration_ms: number }
  | { kind: "video"; file: Id; width: number; height: number; duration_ms: number }
  | { kind: "contact"; account: Id }
  | { kind: "room_invite"; room: Id; link: string };
export interface Reaction {
  emoji: string;
  count: number;
  accounts: Id[];
}
export interface Message {
  id: Id;
  room: Id;
  offset: number;
  sender: Id;
  sent_at: Time;
  text: string;
  segments: Segment[];
  reply_to?: number;
  mentions: Id[];
  client_key?: string;
  edited_at?: Time;
  recalled_at?: Time;
  recalled_by?: Id;
  encrypted: boolean;
  reactions: Reaction[];
}
export interface Messages {
  items: Message[];
  first_offset: number;
  last_offset: number;
}
export interface Edit {
  text: string;
  at: Time;
}
export interface NewMessage {
  text?: string;
  segments?: Segment[];
  reply_to?: number;
  mentions?: Id[];
  client_key: string;
}
export interface StoredFile {
  id: Id;
  name: string;
  size: number;
  media_type: string;
  width?: number;
  height?: number;
  room?: Id;
  created_at: Time;
  url: string;
}
export interface Upload {
  id: Id;
  name: string;
  size: number;
  received: number;
  chunk_bytes: number;
}
export interface Setting {
  name: string;
  value: string;
  base: string;
  default: string;
  overridden: boolean;
  help: string;
  allowed: string;
}
export interface Audit {
  id: Id;
  at: Time;
  who: Id | null;
  dialect: string;
  what: string;
  target: string;
  detail: string;
  hashed: string;
  link: string | null;
}
export interface Page<T> {
  items: T[];
  next: string | null;
}

const BASE = "/api/v1";

/** Why a call failed. `status` 0 means that the server was not reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly field: string | null = null,
    readonly retryAfterMs: number | null = null,
  ) {
    super(detail || code);
  }
  /** Whether the same call may work later without any change. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

let onSignedOut: () => void = () => {};
/** Says what to do when the server no longer knows this login. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

function problemFrom(status: number, text: string, retryHeader: string | null): Problem {
  let code = `http-${status}`;
  let detail = "";
  let field: string | null = null;
  let retry = retryHeader ? Number(retryHeader) * 1000 : null;
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    if (typeof body.code === "string") code = body.code;
    if (typeof body.detail === "string") detail = body.detail;
    else if (typeof body.title === "string") detail = body.title;
    if (typeof body.field === "string") field = body.field;
    if (typeof body.retry_after_ms === "number") retry = body.retry_after_ms;
  } catch {
    // A proxy's own page: the status is all there is.
  }
  return new Problem(status, code, detail, field, Number.isFinite(retry) ? retry : null);
}

type Query = Record<string, string | number | boolean | null | undefined>;

function address(path: string, query?: Query): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== null && value !== undefined && value !== "") parts.push(`${name}=${encodeURIComponent(value)}`);
  return BASE + path + (parts.length ? `?${parts.join("&")}` : "");
}

async function call<T>(method: string, path: string, body?: unknown, query?: Query): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Chatelaine"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) init.body = JSON.stringify(body);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(address(path, query), init);
    text = await answer.text();
  } catch {
    throw new Problem(0, "offline", "");
  }
  if (!answer.ok) {
    const problem = problemFrom(answer.status, text, answer.headers.get("retry-after"));
    if (answer.status === 401 && !path.startsWith("/logins") && problem.code !== "sign-in-failed") onSignedOut();
    throw problem;
  }
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    // Something between us and the server answered in its place.
    throw new Problem(0, "offline", "");
  }
}

const get = <T>(path: string, query?: Query) => call<T>("GET", path, undefined, query);
const post = <T>(path: string, body?: unknown, query?: Query) => call<T>("POST", path, body ?? {}, query);
const patch = <T>(path: string, body: unknown) => call<T>("PATCH", path, body);
const put = <T>(path: string, body?: unknown) => call<T>("PUT", path, body ?? {});
const remove = <T>(path: string) => call<T>("DELETE", path);
/** The same calls, for the parts of the interface that are fetched later and bring their own list (`api-machines.ts`). */
export const http = { get, post, patch, put, remove, address };

/** Reads every page of a list, up to `most` items. */
export async function all<T>(page: (after: string | null) => Promise<Page<T>>, most: number): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const got: Page<T> = await page(after);
    items.push(...got.items);
    after = got.next;
  } while (after !== null && items.length < most);
  return items;
}

export const server = () => get<Server>("/server");
export const setup = (b: { token: string; handle: string; email?: string; display_name: string; password: string }) => post<Signed>("/setup", { ...b, cookie: true });
export const signUp = (b: { handle?: string; email?: string; display_name: string; password: string; invite?: string }) => post<Signed>("/accounts", { ...b, cookie: true });
export const signIn = (account: string, password: string) => post<Signed>("/logins", { account, password, cookie: true });
export const resetPassword = (token: string, password: string) => post<void>("/password-resets", { token, password });
/** How many machines others offer; all else about them is in `api-machines.ts`. */
export const machineOffers = () => get<Page<unknown>>("/machines/offers");
export const signOut = () => remove<void>("/logins/current");
export const logins = () => get<Page<Login>>("/logins");
export const endLogin = (id: Id) => remove<void>(`/logins/${id}`);
export const endOtherLogins = () => remove<void>("/logins");

export const me = () => get<Me>("/me");
export const changeMe = (b: Partial<Pick<Me, "handle" | "email" | "display_name" | "avatar" | "status" | "bio" | "locale" | "time_zone">>) => patch<Me>("/me", b);
export const changePassword = (old: string, fresh: string) => post<void>("/me/password", { old, new: fresh });
export const closeAccount = (password: string) => post<void>("/me/close", { password });
export const keptSettings = () => get<Record<string, unknown>>("/me/settings");
export const keepSettings = (b: Record<string, unknown>) => put<void>("/me/settings", b);

export const account = (id: Id) => get<Account>(`/accounts/${id}`);
export const findAccounts = (search: string) => get<Page<Account>>("/accounts", { search, limit: 20 });

export const rooms = (after: string | null) => get<Page<RoomSummary>>("/rooms", { after, limit: 200 });
export const openGroup = (b: { title: string; description?: string; join_rule?: JoinRule; members?: Id[] }) => post<RoomSummary>("/rooms", { kind: "group", ...b });
export const openPrivate = (account: Id) => post<RoomSummary>("/rooms", { kind: "private", account });
export const summary = (id: Id) => get<RoomSummary>(`/rooms/${id}/summary`);
export const changeRoom = (id: Id, b: Partial<Pick<Room, "title" | "description" | "avatar" | "join_rule">> & { options?: RoomOptions }) => patch<Room>(`/rooms/${id}`, b);
export const deleteRoom = (id: Id) => remove<void>(`/rooms/${id}`);
export const findRooms = (search: string) => get<Page<Room>>(`/rooms/find?search=${encodeURIComponent(search)}&limit=50`);
export const members = (id: Id, after: string | null) => get<Page<Member>>(`/rooms/${id}/members`, { after, limit: 200 });
export const setRole = (id: Id, who: Id, role: Id) => patch<unknown>(`/rooms/${id}/members/${who}`, { role });
export const kick = (id: Id, who: Id) => remove<void>(`/rooms/${id}/members/${who}`);
export const leave = (id: Id) => remove<void>(`/rooms/${id}/members/me`);
export const setNotify = (id: Id, notify: Notify) => patch<unknown>(`/rooms/${id}/members/me`, { notify });
export type Restricting = "bans" | "mutes";
export const restrictions = (id: Id, kind: Restricting) => get<Page<Restriction>>(`/rooms/${id}/${kind}`);
export const restrict = (id: Id, kind: Restricting, who: Id | "all", b: { for_s?: number; reason?: string }) => put<unknown>(`/rooms/${id}/${kind}/${who}`, b);
export const lift = (id: Id, kind: Restricting, who: Id | "all") => remove<void>(`/rooms/${id}/${kind}/${who}`);
export const roles = (id: Id) => get<Page<Role>>(`/rooms/${id}/roles`);
export const addRole = (id: Id, b: { name: string; description?: string; permissions: string[] }) => post<Role>(`/rooms/${id}/roles`, b);
export const changeRole = (id: Id, role: Id, b: { name?: string; description?: string; permissions?: string[] }) => patch<Role>(`/rooms/${id}/roles/${role}`, b);
export const removeRole = (id: Id, role: Id) => remove<void>(`/rooms/${id}/roles/${role}`);
export const invite = (id: Id, account: Id, note?: string) => post<Invite>(`/rooms/${id}/invites`, note ? { account, note } : { account });
export const invites = () => get<Page<Invite>>("/invites");
export const answerInvite = (id: Id, answer: "accept" | "decline") => post<Joined>(`/invites/${id}/${answer}`);
export const addLink = (id: Id, b: { expires_s?: number; uses?: number }) => post<Link>(`/rooms/${id}/links`, b);
export const links = (id: Id) => get<Page<Link>>(`/rooms/${id}/links`);
export const removeLink = (id: Id, link: Id) => remove<void>(`/rooms/${id}/links/${link}`);
export const previewLink = (token: string) => get<LinkPreview>(`/links/${encodeURIComponent(token)}`);
export const joinByLink = (token: string) => post<Joined>(`/links/${encodeURIComponent(token)}/join`);
export const join = (id: Id, note?: string) => post<Joined>(`/rooms/${id}/join`, note ? { note } : {});
export const joinRequests = (id: Id) => get<Page<JoinRequest>>(`/rooms/${id}/requests`);
export const answerJoin = (id: Id, who: Id, answer: "accept" | "decline") => post<unknown>(`/rooms/${id}/requests/${who}/${answer}`);

export const messages = (id: Id, q: { before?: number; after?: number; around?: number; limit: number }) => get<Messages>(`/rooms/${id}/messages`, q);
export const send = (id: Id, b: NewMessage) => post<Message>(`/rooms/${id}/messages`, b);
export const edit = (id: Id, offset: number, text: string) => patch<Message>(`/rooms/${id}/messages/${offset}`, { text });
export const recall = (id: Id, offset: number) => remove<unknown>(`/rooms/${id}/messages/${offset}`);
export const edits = (id: Id, offset: number) => get<Page<Edit>>(`/rooms/${id}/messages/${offset}/edits`);
export const react = (id: Id, offset: number, emoji: string) => put<unknown>(`/rooms/${id}/messages/${offset}/reactions/${encodeURIComponent(emoji)}`);
export const unreact = (id: Id, offset: number, emoji: string) => remove<unknown>(`/rooms/${id}/messages/${offset}/reactions/${encodeURIComponent(emoji)}`);
export const markRead = (id: Id, offset: number) => post<unknown>(`/rooms/${id}/read`, { offset });

export const friends = (after: string | null) => get<Page<Friend>>("/friends", { after, limit: 200 });
export const friendRequests = () => get<Page<FriendRequest>>("/friends/requests");
export const askFriend = (account: Id, note?: string) => post<FriendRequest>("/friends/requests", note ? { account, note } : { account });
export const answerFriend = (who: Id, answer: "accept" | "decline") => post<unknown>(`/friends/requests/${who}/${answer}`);
export const withdrawFriend = (who: Id) => remove<void>(`/friends/requests/${who}`);
export const unfriend = (who: Id) => remove<void>(`/friends/${who}`);
export const setAlias = (who: Id, alias: string) => patch<unknown>(`/friends/${who}`, { alias });
export const blocks = () => get<Page<Block>>("/blocks");
export const block = (who: Id) => put<void>(`/blocks/${who}`);
export const unblock = (who: Id) => remove<void>(`/blocks/${who}`);
export const report = (b: { account?: Id; room?: Id; offset?: number; reason: string }) => post<unknown>("/reports", b);

export const file = (id: Id) => get<StoredFile>(`/files/${id}`);
export const fileUrl = (id: Id, how: "show" | "download" = "show") => `${BASE}/files/${id}/content${how === "download" ? "?download=1" : ""}`;
export const startUpload = (b: { name: string; size: number; room?: Id }) => post<Upload>("/uploads", b);
export const uploadState = (id: Id) => get<Upload>(`/uploads/${id}`);
export const finishUpload = (id: Id) => post<StoredFile>(`/uploads/${id}/finish`);
export const dropUpload = (id: Id) => remove<void>(`/uploads/${id}`);

/** Sends bytes and tells how many have left; `fetch` cannot say that. Ends with `AbortError` when `stop` fires. */
function sendBytes<T>(method: string, url: string, body: Blob, sent: (bytes: number) => void, stop: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, url);
    request.setRequestHeader("X-Chatelaine", "1");
    request.setRequestHeader("Content-Type", body.type || "application/octet-stream");
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onload = () => {
      stop.removeEventListener("abort", abort);
      if (request.status >= 200 && request.status < 300) done(request.responseText ? (JSON.parse(request.responseText) as T) : (undefined as T));
      else fail(problemFrom(request.status, request.responseText, request.getResponseHeader("retry-after")));
    };
    request.onerror = () => fail(new Problem(0, "offline", ""));
    request.onabort = () => fail(new DOMException("stopped", "AbortError"));
    if (stop.aborted) return fail(new DOMException("stopped", "AbortError"));
    stop.addEventListener("abort", abort, { once: true });
    request.send(body);
  });
}
export const sendFile = (body: Blob, name: string, room: Id | null, sent: (bytes: number) => void, stop: AbortSignal) =>
  sendBytes<StoredFile>("POST", address("/files", { name, room }), body, sent, stop);
export const sendChunk = (id: Id, offset: number, body: Blob, sent: (bytes: number) => void, stop: AbortSignal) =>
  sendBytes<Upload>("PUT", address(`/uploads/${id}`, { offset }), body, sent, stop);

export const liveUrl = () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${BASE}/live`;

export interface AdminAccount {
  id: Id;
  handle: string;
  email: string | null;
  display_name: string;
  state: "active" | "locked" | "closed";
  locked_until: string | null;
  server_role: Id | null;
  created_at: Time;
}
export interface SignUpInvite {
  id: Id;
  /** The code itself; only in the answer that made it. */
  invite?: string;
  note: string;
  created_at: Time;
  expires_at: Time;
  uses_left: number;
  used: number;
}
export const adminAccounts = (name: string, after: string | null) => get<Page<AdminAccount>>("/admin/accounts", { name, after });
export const adminChange = (id: Id, b: { locked?: boolean; server_role?: Id | null }) => patch<void>(`/admin/accounts/${id}`, b);
export const adminSignOut = (id: Id) => post<void>(`/admin/accounts/${id}/sign-out`);
export const adminResetLink = (id: Id) => post<{ token: string }>(`/admin/accounts/${id}/reset-link`);
export const adminSettings = () => get<Page<Setting>>("/admin/settings");
export const adminSet = (name: string, value: string | null) => patch<void>("/admin/settings", { name, value });
export const adminAudit = (after: string | null) => get<Page<Audit>>("/admin/audit", { after, limit: 50 });
export const adminInvite = (b: { uses?: number; life_s?: number }) => post<SignUpInvite>("/admin/invites", b);
