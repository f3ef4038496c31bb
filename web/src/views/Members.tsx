// Who is in a room, with roles and what may be done to whom; who asks to come in, who is banned or muted.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api";
import type { Account, Member, Restriction, RoomSummary } from "../api";
import { confirm, Dialog } from "../parts/Dialog";
import { Choose, Field } from "../parts/Field";
import { Icon, IconButton } from "../parts/Icon";
import { type Choice, Menu } from "../parts/Menu";
import { PeoplePicker, PersonRow, SearchBox } from "../parts/People";
import { Empty, Loaded, Waiting } from "../parts/States";
import { until } from "../parts/time";
import { useLoad } from "../parts/useLoad";
import { changed, me } from "../state/app";
import { attempt } from "../state/notices";
import { nameOf, person } from "../state/people";
import { may, mayInvite, ROLE_MEMBER, ROLE_OWNER } from "../state/rights";
import { timeline } from "../state/rooms";
import { w } from "../words";

const FILTER_FROM = 12;
const SHOWN_MOST = 200;
const DURATIONS = { hour: 3600, day: 86_400, week: 604_800, forever: null } as const;
type Duration = keyof typeof DURATIONS;

type Asked = { what: "role" | "mute" | "ban"; who: Account; role: number } | { what: "invite" } | null;

export function Members(props: { of: RoomSummary }): VNode {
  const s = props.of;
  const t = w.value;
  const line = timeline(s.room.id);
  const members = line.members.value;
  const [filter, setFilter] = useState("");
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  const wanted = filter.trim().toLowerCase();
  const shown = (members ?? [])
    .filter((m) => !wanted || `${nameOf(m.account)} ${m.account.handle}`.toLowerCase().includes(wanted))
    .sort((a, b) => rank(b.role) - rank(a.role) || nameOf(a.account).localeCompare(nameOf(b.account)))
    .slice(0, SHOWN_MOST);
  return (
    <>
      {mayInvite(s) && (
        <button type="button" class="button" onClick={() => setAsked({ what: "invite" })}>
          <Icon name="plus" /> {t.invitePeople}
        </button>
      )}
      {may(s, "accept_join") && s.room.join_rule === "request" && <Requests of={s} />}
      <section class="part">
        <h3>{t.membersCount(s.room.members_count)}</h3>
        {members === null && <Waiting />}
        {members?.length === 0 && <Empty icon="members" title={t.membersHidden} />}
        {(members?.length ?? 0) >= FILTER_FROM && <SearchBox label={t.filterMembers} value={filter} onInput={setFilter} />}
        <ul>
          {shown.map((m) => (
            <MemberRow key={m.account.id} of={m} room={s} onAsk={setAsked} />
          ))}
        </ul>
      </section>
      {may(s, "unmute") && <Restricted of={s} kind="mutes" title={t.mutes} />}
      {may(s, "unban") && <Restricted of={s} kind="bans" title={t.bans} />}
      {asked?.what === "invite" && <Inviting of={s} members={members ?? []} onClose={close} />}
      {asked?.what === "role" && <RoleDialog of={s} who={asked.who} role={asked.role} onClose={close} />}
      {(asked?.what === "mute" || asked?.what === "ban") && <RestrictDialog of={s} who={asked.who} kind={asked.what === "mute" ? "mutes" : "bans"} onClose={close} />}
    </>
  );
}

/** Owners first, then admins, own roles, members. */
const rank = (role: number): number => (role === ROLE_OWNER ? 3 : role === 2 ? 2 : role === ROLE_MEMBER ? 0 : 1);

export const roleName = (role: number, name: string): string => w.value.roleNames[role] ?? name;

function MemberRow(props: { of: Member; room: RoomSummary; onAsk: (a: Asked) => void }): VNode {
  const { of: m, room: s } = props;
  const t = w.value;
  const [menu, setMenu] = useState<Element | null>(null);
  const a = person(m.account.id).value ?? m.account;
  const mine = a.id === me.value?.id;
  const choices: Choice[] = [];
  if (!mine && m.role !== ROLE_OWNER) {
    if (may(s, "set_role")) choices.push({ icon: "admin", text: t.role, act: () => props.onAsk({ what: "role", who: a, role: m.role }) });
    if (may(s, "mute") && !m.muted_until) choices.push({ icon: "mute", text: t.mute, act: () => props.onAsk({ what: "mute", who: a, role: m.role }) });
    if (may(s, "unmute") && m.muted_until) choices.push({ icon: "bell", text: t.unmute, act: () => void attempt(() => api.lift(s.room.id, "mutes", a.id)) });
    if (may(s, "kick")) choices.push({ icon: "leave", text: t.kick, danger: true, act: () => void kick(s, a) });
    if (may(s, "ban")) choices.push({ icon: "warn", text: t.ban, danger: true, act: () => props.onAsk({ what: "ban", who: a, role: m.role }) });
  }
  const role = m.role === ROLE_MEMBER ? "" : roleName(m.role, m.role_name);
  return (
    <PersonRow of={a} note={[`@${a.handle}`, m.muted_until ? t.mutedUntil(until(m.muted_until)) : ""].filter(Boolean).join(" · ")}>
      {role && <span class="tag">{role}</span>}
      {mine && !role && <span class="tag">{t.you}</span>}
      {choices.length > 0 && <IconButton name="more" label={t.actionsFor(nameOf(a))} onClick={(e) => setMenu(e.currentTarget as Element)} />}
      {menu && <Menu anchor={menu} label={t.actionsFor(nameOf(a))} choices={choices} onClose={() => setMenu(null)} />}
    </PersonRow>
  );
}

async function kick(s: RoomSummary, who: Account): Promise<void> {
  const t = w.value;
  if (await confirm(t.kickTitle(nameOf(who)), t.kickText, t.kick)) await attempt(() => api.kick(s.room.id, who.id));
}

function Inviting(props: { of: RoomSummary; members: readonly Member[]; onClose: () => void }): VNode {
  const t = w.value;
  const [people, setPeople] = useState<Account[]>([]);
  const [note, setNote] = useState("");
  const friends = useLoad(() => api.friends(null), []);
  const send = async () => {
    for (const a of people) await attempt(() => api.invite(props.of.room.id, a.id, note.trim()), t.invited(nameOf(a)));
    props.onClose();
  };
  return (
    <Dialog title={t.invitePeople} onClose={props.onClose}>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault();
          void send();
        }}
      >
        <PeoplePicker picked={people} onChange={setPeople} offer={friends.value?.items.map((f) => f.account) ?? []} without={new Set(props.members.map((m) => m.account.id))} focus />
        <Field label={t.noteOptional} value={note} onInput={setNote} maxLength={200} />
        <button type="submit" class="button button-main" disabled={people.length === 0}>
          {t.invite}
        </button>
      </form>
    </Dialog>
  );
}

function RoleDialog(props: { of: RoomSummary; who: Account; role: number; onClose: () => void }): VNode {
  const t = w.value;
  const [role, setRole] = useState(String(props.role));
  const roles = useLoad(() => api.roles(props.of.room.id), []);
  return (
    <Dialog title={t.roleOf(nameOf(props.who))} onClose={props.onClose}>
      <Loaded of={roles}>
        {(page) => (
          <form
            class="form"
            onSubmit={(e) => {
              e.preventDefault();
              props.onClose();
              void attempt(() => api.setRole(props.of.room.id, props.who.id, Number(role)), t.saved);
            }}
          >
            <Choose label={t.role} value={role} onChange={setRole} options={page.items.map((r) => [String(r.id), roleName(r.id, r.name)] as const)} />
            <button type="submit" class="button button-main">
              {t.save}
            </button>
          </form>
        )}
      </Loaded>
    </Dialog>
  );
}

export function RestrictDialog(props: { of: RoomSummary; who: Account | null; kind: api.Restricting; onClose: () => void }): VNode {
  const t = w.value;
  const [time, setTime] = useState<Duration>("day");
  const [reason, setReason] = useState("");
  const name = props.who ? nameOf(props.who) : t.everybody;
  return (
    <Dialog title={props.kind === "mutes" ? t.muteTitle(name) : t.banTitle(name)} onClose={props.onClose}>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault();
          props.onClose();
          const b: { for_s?: number; reason?: string } = {};
          const seconds = DURATIONS[time];
          if (seconds !== null) b.for_s = seconds;
          if (reason.trim()) b.reason = reason.trim();
          void attempt(() => api.restrict(props.of.room.id, props.kind, props.who?.id ?? "all", b), t.saved).then(() => changed.requests.value++);
        }}
      >
        <Choose label={t.howLong} value={time} onChange={setTime} options={(Object.keys(DURATIONS) as Duration[]).map((d) => [d, t.durations[d]] as const)} />
        <Field label={t.reasonOptional} value={reason} onInput={setReason} maxLength={200} />
        <button type="submit" class="button button-danger">
          {props.kind === "mutes" ? t.mute : t.ban}
        </button>
      </form>
    </Dialog>
  );
}

function Requests(props: { of: RoomSummary }): VNode {
  const t = w.value;
  const id = props.of.room.id;
  const list = useLoad(() => api.joinRequests(id), [id, changed.requests.value]);
  const answer = (who: number, what: "accept" | "decline") => void attempt(() => api.answerJoin(id, who, what)).then(list.again);
  return (
    <section class="part">
      <h3>{t.joinRequests}</h3>
      <Loaded of={list}>
        {(page) => (
          <ul>
            {page.items.length === 0 && <li class="soft">{t.noJoinRequests}</li>}
            {page.items.map((r) => (
              <PersonRow key={r.account.id} of={r.account} note={r.note || `@${r.account.handle}`}>
                <IconButton name="check" label={`${t.accept}: ${nameOf(r.account)}`} onClick={() => answer(r.account.id, "accept")} />
                <IconButton name="close" label={`${t.decline}: ${nameOf(r.account)}`} onClick={() => answer(r.account.id, "decline")} />
              </PersonRow>
            ))}
          </ul>
        )}
      </Loaded>
    </section>
  );
}

function Restricted(props: { of: RoomSummary; kind: api.Restricting; title: string }): VNode {
  const t = w.value;
  const id = props.of.room.id;
  const members = timeline(id).members.value;
  const list = useLoad(() => api.restrictions(id, props.kind), [id, props.kind, members, changed.requests.value]);
  const [all, setAll] = useState(false);
  const lift = (r: Restriction) => void attempt(() => api.lift(id, props.kind, r.account?.id ?? "all")).then(list.again);
  const mutesAll = props.kind === "mutes" && may(props.of, "mute") && !list.value?.items.some((r) => r.account === null);
  return (
    <section class="part">
      <h3>{props.title}</h3>
      <Loaded of={list}>
        {(page) => (
          <ul>
            {page.items.length === 0 && <li class="soft">{props.kind === "bans" ? t.noBans : t.noMutes}</li>}
            {page.items.map((r) => (
              <li class="row" key={r.account?.id ?? 0}>
                <span class="row-text">
                  <span class="row-name">{r.account ? nameOf(r.account) : t.everybody}</span>
                  <span class="row-note">{[t.untilWhen(until(r.until)), r.reason].filter(Boolean).join(" · ")}</span>
                </span>
                <span class="row-acts">
                  <button type="button" class="button button-small" onClick={() => lift(r)}>
                    {props.kind === "bans" ? t.unban : t.unmute}
                  </button>
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {mutesAll && (
        <button type="button" class="button button-small" onClick={() => setAll(true)}>
          {t.muteAll}
        </button>
      )}
      {all && <RestrictDialog of={props.of} who={null} kind="mutes" onClose={() => setAll(false)} />}
    </section>
  );
}
