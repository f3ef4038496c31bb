// Calls about machines and the shapes of their answers; they come with the screens that need them, `api.ts` does the calling.
import { http, type Id, type Page, type Time } from "./api";

const { get, post, patch, put, remove, address } = http;

export type MachineState = "active" | "inactive" | "released" | "banned";
export interface Fact {
  name: string;
  value: string;
}
export interface Machine {
  id: Id;
  account: Id;
  name: string;
  /** Whole for its owner, masked for managers. */
  code: string;
  state: MachineState;
  via: string;
  bound_at: Time;
  last_seen: Time | null;
  heartbeat: { required: boolean; every_s: number; due_at: Time | null };
  fingerprint: { components: number; classes: number } | null;
  /** The last change of parts, and how much was there again, in percent. */
  drift: { at: Time; score: number } | null;
  certificate: { serial: Id; issued_at: Time; expires_at: Time } | null;
  /** When the owner may release it; `free_at` null means now. */
  release: { free_at: Time | null; left: number | null } | null;
  ban: { at: Time; reason: string; until: string } | null;
  offer: { to: Id; at: Time } | null;
  facts?: Fact[];
}
export interface Offer {
  machine: Id;
  from: Id;
  name: string;
  at: Time;
  lapses_at: Time;
}
export interface Happening {
  at: Time;
  kind: string;
  /** How much was there again, in percent. */
  score?: number;
  serial?: Id;
  account?: Id;
  machine?: Id;
}
export interface Beats {
  every_s: number;
  hours: { at: Time; count: number }[];
}
export interface Certificate {
  serial: Id;
  issued_at: Time;
  expires_at: Time;
  /** The signed text; only in the answer that issued it. */
  text?: string;
  /** The number of the notice that ended it early. */
  ended_by?: Id | null;
}
export interface Checked {
  launch: string;
  started_at: Time;
  finished_at: Time | null;
  outcome: string | null;
  detail?: string;
}
export interface Appeal {
  at: Time;
  text: string;
  answer: { at: Time; lift: boolean; text: string } | null;
}
export interface Evidence {
  id: Id;
  name: string;
  url: string;
}
export interface CheatMark {
  id: Id;
  account: Id;
  by: Id | null;
  at: Time;
  reason: string;
  category: string;
  severity: string;
  until: string;
  code: string | null;
  launch: string | null;
  active: boolean;
  lift: { at: Time; reason: string } | null;
  evidence: Evidence[];
  appeal: Appeal | null;
}

type After = string | null;
export const machines = (state: "bound" | "released", after: After) => get<Page<Machine>>("/machines", { state, after, limit: 200 });
export const machine = (id: Id) => get<Machine>(`/machines/${id}`);
export const changeMachine = (id: Id, b: { name?: string; heartbeat?: boolean }) => patch<Machine>(`/machines/${id}`, b);
export const newToken = (id: Id) => post<{ token: string }>(`/machines/${id}/token`);
export const timeline = (id: Id, after: After) => get<Page<Happening>>(`/machines/${id}/timeline`, { after });
export const heartbeats = (id: Id) => get<Beats>(`/machines/${id}/heartbeats`, { hours: 168 });
export const release = (id: Id) => post<Machine>(`/machines/${id}/release`);
export const replace = (id: Id, b: { name: string; code: string }) => post<{ machine: Machine; token: string }>(`/machines/${id}/replace`, { ...b, components: [] });
export const offer = (id: Id, account: Id) => post<Machine>(`/machines/${id}/transfer`, { account });
export const withdraw = (id: Id) => remove<void>(`/machines/${id}/transfer`);
export const offers = () => get<Page<Offer>>("/machines/offers");
export const answerOffer = (id: Id, answer: "accept" | "decline") => post<unknown>(`/machines/${id}/transfer/${answer}`);
export const certificates = (id: Id) => get<Page<Certificate>>(`/machines/${id}/certificates`);
export const request = (b: { code: string; name?: string; hours: number }) => post<{ machine: Machine; certificate: Certificate }>("/machines/requests", b);
export const checks = (id: Id, after: After) => get<Page<Checked>>(`/machines/${id}/checks`, { after });
export const marks = (after: After) => get<Page<CheatMark>>("/machines/marks", { after });
export const appeal = (id: Id, text: string) => post<unknown>(`/machines/marks/${id}/appeal`, { text });

// For managers.
export interface Policy {
  preset: string;
  rules: Record<string, string>;
  /** What each rule comes to. */
  in_force: Record<string, string>;
  /** What the presets make of each rule. */
  presets: { preset: string; rules: Record<string, string> }[];
}
export interface Warning {
  rule: string;
  day: string;
  count: number;
}
/** Numbers of a limit by name (`most`; `each` and `total` for a role) and what happens beyond. */
export type Allowance = Record<string, number | string | null>;
export interface Limit {
  own: Allowance | null;
  /** What holds in the end, for an account. */
  in_force?: Allowance;
  /** Active machines now. */
  held: number;
}
export interface Alert {
  id: Id;
  at: Time;
  kind: string;
  /** None where it was not bound. */
  machine: Id | null;
  account: Id;
  other: { account: Id; machine: Id } | null;
  seen: { at: Time; by: Id | null } | null;
}
export interface ImportRow {
  account: string;
  code: string;
  name: string;
}
export interface Imported {
  bound: number;
  refused: { row: number; code: string; detail: string }[];
}
export interface SigningKey {
  number: number;
  algorithm: string;
  /** The public half, in base64. */
  public: string;
  from: Time;
  /** When it signed last; null for the one that signs. */
  signs_until: Time | null;
  /** From when on nothing that it signed is good. */
  trusted_until: Time | null;
}
export interface Verified {
  whole: boolean;
  rows: number | null;
  head: string | null;
  broken_at: number | null;
  broken_day?: string | null;
}
export interface Head {
  day: string;
  rows: number;
  head: string;
  /** The signed text, to be kept elsewhere. */
  text: string;
}
export interface ServerRole {
  id: Id;
  name: string;
}
export interface NewMark {
  account: Id;
  reason: string;
  category?: string;
  severity?: string;
  machine?: Id;
  launch?: string;
  until?: string;
}

export const replaceManaged = (id: Id, b: { name: string; code: string }) => post<{ machine: Machine; token: string }>(`/admin/machines/${id}/replace`, { ...b, components: [] });
export const findMachines = (search: string, state: string, after: After) => get<Page<Machine>>("/admin/machines", { search, state, after, limit: 50 });
export const managedMachine = (id: Id) => get<Machine>(`/admin/machines/${id}`);
export const releaseManaged = (id: Id, reason: string) => post<unknown>(`/admin/machines/${id}/release`, { reason });
export const ban = (id: Id, reason: string, for_s: number | null) => post<unknown>(`/admin/machines/${id}/ban`, for_s === null ? { reason } : { reason, for_s });
export const unban = (id: Id) => remove<unknown>(`/admin/machines/${id}/ban`);
export const move = (id: Id, account: Id) => post<unknown>(`/admin/machines/${id}/transfer`, { account });
export const importRows = (rows: readonly ImportRow[]) => post<Imported>("/admin/machines/import", { rows });
export const exportUrl = (format: "csv" | "json", codes: "masked" | "whole") => address("/admin/machines/export", { format, codes });
export const policy = () => get<Policy>("/admin/machines/policy");
export const setPolicy = (b: Pick<Policy, "preset" | "rules">) => put<Policy>("/admin/machines/policy", b);
export const warnings = () => get<{ items: Warning[] }>("/admin/machines/warnings", { days: 30 });
export const accountLimit = (id: Id) => get<Limit>(`/admin/machines/limits/accounts/${id}`);
export const setAccountLimit = (id: Id, b: Allowance) => put<unknown>(`/admin/machines/limits/accounts/${id}`, b);
export const removeAccountLimit = (id: Id) => remove<void>(`/admin/machines/limits/accounts/${id}`);
export const roleLimit = (id: Id) => get<Limit>(`/admin/machines/limits/roles/${id}`);
export const setRoleLimit = (id: Id, b: Allowance) => put<unknown>(`/admin/machines/limits/roles/${id}`, b);
export const removeRoleLimit = (id: Id) => remove<void>(`/admin/machines/limits/roles/${id}`);
export const serverRoles = () => get<Page<ServerRole>>("/admin/server-roles");
export const alerts = (after: After) => get<Page<Alert>>("/admin/machines/alerts", { after });
export const alertSeen = (id: Id) => post<void>(`/admin/machines/alerts/${id}/seen`);
export const allMarks = (after: After) => get<Page<CheatMark>>("/admin/marks", { after });
export const appeals = (after: After) => get<Page<CheatMark>>("/admin/appeals", { after });
export const setMark = (b: NewMark) => post<unknown>("/admin/marks", b);
export const liftMark = (id: Id, reason: string) => post<unknown>(`/admin/marks/${id}/lift`, { reason });
export const attach = (id: Id, file: Id) => put<unknown>(`/admin/marks/${id}/evidence/${file}`);
export const detach = (id: Id, file: Id) => remove<void>(`/admin/marks/${id}/evidence/${file}`);
export const answerAppeal = (id: Id, lift: boolean, text: string) => post<unknown>(`/admin/marks/${id}/appeal`, { lift, text });
export const keys = () => get<Page<SigningKey>>("/admin/keys");
export const rotateKey = (distrust: boolean) => post<unknown>("/admin/keys/rotate", { distrust });
export const verifyAudit = () => get<Verified>("/admin/audit/verify");
export const heads = (after: After) => get<Page<Head>>("/admin/audit/heads", { after });
export const roomAlerts = (room: Id) => get<{ kinds: string[] }>(`/rooms/${room}/machine-alerts`);
export const setRoomAlerts = (room: Id, kinds: readonly string[]) => put<unknown>(`/rooms/${room}/machine-alerts`, { kinds });
