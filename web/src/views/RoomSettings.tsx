// What can be set about a room: for oneself, for all, its links, its roles, and how it ends.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api";
import type { JoinRule, Link, Notify, Role, RoomOptions, RoomSummary } from "../api";
import { confirm, Dialog } from "../parts/Dialog";
import { Check, Choose, Field, Form, useForm } from "../parts/Field";
import { Icon, IconButton } from "../parts/Icon";
import { PicturePick } from "../parts/PicturePick";
import { Failed, Loaded, Waiting } from "../parts/States";
import { moment } from "../parts/time";
import { lazily } from "../parts/useLazy";
import { useLoad } from "../parts/useLoad";
import { me } from "../state/app";
import { attempt, notify } from "../state/notices";
import { nameOf, person } from "../state/people";
import { manages, may, mayInvite, mayServer, PERMISSIONS } from "../state/rights";
import { changeSummary, dropRoom } from "../state/rooms";
import { go } from "../state/route";
import { w } from "../words";
import { roleName } from "./Members";

export function RoomSettings(props: { of: RoomSummary }): VNode {
  const s = props.of;
  const t = w.value;
  const group = s.room.kind === "group";
  const peer = s.peer ? (person(s.peer.id).value ?? s.peer) : null;
  return (
    <>
      {peer && (
        <a class="tile" href={`#/people/${peer.id}`}>
          <Icon name="me" />
          <span class="tile-text">
            <span class="tile-name">{nameOf(peer)}</span>
            <span class="tile-small">@{peer.handle}</span>
          </span>
        </a>
      )}
      {group && s.room.description && !manages(s) && <p class="bio">{s.room.description}</p>}
      <Choose<Notify>
        label={t.notify}
        value={s.me.notify}
        onChange={(to) => {
          const before = s.me.notify;
          changeSummary(s.room.id, (old) => ({ ...old, me: { ...old.me, notify: to } }));
          void attempt(() => api.setNotify(s.room.id, to), t.saved).then((fine) => {
            if (!fine) changeSummary(s.room.id, (old) => ({ ...old, me: { ...old.me, notify: before } }));
          });
        }}
        options={[["all", t.notifyChoices.all], ["mentions", t.notifyChoices.mentions], ["none", t.notifyChoices.none]]}
      />
      {group && manages(s) && <General of={s} />}
      {group && mayInvite(s) && <Links of={s} />}
      {group && may(s, "set_role") && <Roles of={s} />}
      {group && may(s, "set_title") && mayServer(me.value, "manage_machines") && <Alerting room={s.room.id} />}
      {group && <Ending of={s} />}
    </>
  );
}

const useLater = lazily<{ room: number }>({ alerts: async () => (await import("./machines/RoomAlerts")).RoomAlerts });

function Alerting(props: { room: number }): VNode {
  const { Found, failed, again } = useLater("alerts");
  if (Found) return <Found room={props.room} />;
  return failed ? <Failed text={w.value.offlineError} again={again} /> : <Waiting />;
}

const OPTIONS = ["members_may_send", "members_may_list", "members_may_invite", "listed"] as const;

function General(props: { of: RoomSummary }): VNode {
  const { room } = props.of;
  const t = w.value;
  const [title, setTitle] = useState(room.title);
  const [description, setDescription] = useState(room.description);
  const [rule, setRule] = useState<JoinRule>(room.join_rule);
  const [options, setOptions] = useState<RoomOptions>(room.options);
  const took = (fresh: api.Room) => changeSummary(room.id, (old) => ({ ...old, room: fresh }));
  const { flaws, submit } = useForm(async () => {
    const b: Parameters<typeof api.changeRoom>[1] = {};
    if (title.trim() !== room.title) b.title = title.trim();
    if (description.trim() !== room.description) b.description = description.trim();
    if (rule !== room.join_rule) b.join_rule = rule;
    if (OPTIONS.some((o) => options[o] !== room.options[o])) b.options = options;
    if (Object.keys(b).length > 0) took(await api.changeRoom(room.id, b));
    notify("done", t.saved);
  }, ["title", "description", "join_rule"]);
  const may_ = (what: Parameters<typeof may>[1]) => may(props.of, what);
  return (
    <section class="part">
      <h3>{t.general}</h3>
      {may_("set_avatar") && <PicturePick id={room.id} name={room.title} picture={room.avatar} square change={async (avatar) => took(await api.changeRoom(room.id, { avatar }))} />}
      <Form onSubmit={submit} flaws={flaws} submit={t.save}>
        {may_("set_title") && <Field label={t.title} value={title} onInput={setTitle} required maxLength={200} error={flaws.of("title")} />}
        {may_("set_description") && <Field label={t.description} value={description} onInput={setDescription} rows={3} maxLength={1000} error={flaws.of("description")} />}
        {may_("set_title") && (
          <>
            <Choose label={t.joinRule} value={rule} onChange={setRule} options={[["invite", t.joinRules.invite], ["request", t.joinRules.request], ["open", t.joinRules.open]]} />
            <fieldset>
              <legend>{t.options}</legend>
              {OPTIONS.map((o) => (
                <Check key={o} label={t.optionNames[o]} value={options[o]} onChange={(on) => setOptions({ ...options, [o]: on })} />
              ))}
            </fieldset>
          </>
        )}
      </Form>
    </section>
  );
}

const linkAddress = (l: Link): string => `${location.origin}/#/join/${encodeURIComponent(l.token)}`;
const LIVES = { day: 86_400, week: 604_800, forever: null } as const;
type Life = keyof typeof LIVES;

function Links(props: { of: RoomSummary }): VNode {
  const id = props.of.room.id;
  const t = w.value;
  const list = useLoad(() => api.links(id), [id]);
  const [making, setMaking] = useState(false);
  const copy = (l: Link) => void navigator.clipboard?.writeText(linkAddress(l)).then(() => notify("done", t.copied), () => notify("error", t.somethingWrong));
  return (
    <section class="part">
      <h3>{t.links}</h3>
      <p class="soft">{t.linksText}</p>
      <Loaded of={list}>
        {(page) => (
          <ul>
            {page.items.length === 0 && <li class="soft">{t.noLinks}</li>}
            {page.items.map((l) => (
              <li class="row" key={l.id}>
                <span class="row-text">
                  <input type="text" readOnly aria-label={t.copyLink} value={linkAddress(l)} onFocus={(e) => e.currentTarget.select()} />
                  <span class="row-note">{[t.linkUses(l.uses === null ? null : Math.max(0, l.uses - l.used)), t.linkExpires(l.expires_at && moment(l.expires_at))].join(" · ")}</span>
                </span>
                <span class="row-acts">
                  <IconButton name="copy" label={t.copyLink} onClick={() => copy(l)} />
                  <IconButton name="trash" label={t.remove} onClick={() => void attempt(() => api.removeLink(id, l.id)).then(list.again)} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <button type="button" class="button button-small" onClick={() => setMaking(true)}>
        <Icon name="link" /> {t.newLink}
      </button>
      {making && (
        <LinkDialog
          id={id}
          onClose={() => {
            setMaking(false);
            list.again();
          }}
        />
      )}
    </section>
  );
}

function LinkDialog(props: { id: number; onClose: () => void }): VNode {
  const t = w.value;
  const [life, setLife] = useState<Life>("week");
  const [uses, setUses] = useState("");
  const { flaws, submit } = useForm(async () => {
    const b: { expires_s?: number; uses?: number } = {};
    const seconds = LIVES[life];
    if (seconds !== null) b.expires_s = seconds;
    if (Number(uses) > 0) b.uses = Math.floor(Number(uses));
    await api.addLink(props.id, b);
    props.onClose();
  }, ["uses"]);
  return (
    <Dialog title={t.newLink} onClose={props.onClose}>
      <Form onSubmit={submit} flaws={flaws} submit={t.newLink}>
        <Choose label={t.howLong} value={life} onChange={setLife} options={[["day", t.durations.day], ["week", t.durations.week], ["forever", t.durations.forever]]} />
        <Field label={t.usesMost} value={uses} onInput={setUses} type="number" placeholder={t.anyNumber} error={flaws.of("uses")} />
      </Form>
    </Dialog>
  );
}

function Roles(props: { of: RoomSummary }): VNode {
  const id = props.of.room.id;
  const t = w.value;
  const list = useLoad(() => api.roles(id), [id]);
  const [editing, setEditing] = useState<Role | "new" | null>(null);
  return (
    <section class="part">
      <h3>{t.roles}</h3>
      <p class="soft">{t.rolesText}</p>
      <Loaded of={list}>
        {(page) => (
          <ul>
            {page.items.map((r) => (
              <li class="row" key={r.id}>
                <span class="row-text">
                  <span class="row-name">{roleName(r.id, r.name)}</span>
                  <span class="row-note">{r.built_in ? t.builtIn : r.permissions.map((p) => t.permissions[p] ?? p).join(", ")}</span>
                </span>
                {!r.built_in && (
                  <span class="row-acts">
                    <IconButton name="edit" label={`${t.edit}: ${r.name}`} onClick={() => setEditing(r)} />
                    <IconButton name="trash" label={`${t.remove}: ${r.name}`} onClick={() => void attempt(() => api.removeRole(id, r.id)).then(list.again)} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <button type="button" class="button button-small" onClick={() => setEditing("new")}>
        <Icon name="plus" /> {t.newRole}
      </button>
      {editing && (
        <RoleEditor
          room={id}
          of={editing === "new" ? null : editing}
          onClose={() => {
            setEditing(null);
            list.again();
          }}
        />
      )}
    </section>
  );
}

function RoleEditor(props: { room: number; of: Role | null; onClose: () => void }): VNode {
  const t = w.value;
  const [name, setName] = useState(props.of?.name ?? "");
  const [may_, setMay] = useState<readonly string[]>(props.of?.permissions ?? ["send_message"]);
  const { flaws, submit } = useForm(async () => {
    const b = { name: name.trim(), permissions: [...may_] };
    if (props.of) await api.changeRole(props.room, props.of.id, b);
    else await api.addRole(props.room, b);
    props.onClose();
  }, ["name"]);
  return (
    <Dialog title={props.of ? props.of.name : t.newRole} onClose={props.onClose}>
      <Form onSubmit={submit} flaws={flaws} submit={t.save} idle={name.trim() === ""}>
        <Field label={t.roleName} value={name} onInput={setName} required maxLength={60} error={flaws.of("name")} focus />
        <fieldset>
          <legend>{t.options}</legend>
          {PERMISSIONS.map((p) => (
            <Check key={p} label={t.permissions[p] ?? p} value={may_.includes(p)} onChange={(on) => setMay(on ? [...may_, p] : may_.filter((x) => x !== p))} />
          ))}
        </fieldset>
      </Form>
    </Dialog>
  );
}

function Ending(props: { of: RoomSummary }): VNode {
  const { room } = props.of;
  const t = w.value;
  const end = async (title: string, text: string, act: string, what: () => Promise<unknown>) => {
    if (!(await confirm(title, text, act))) return;
    if (await attempt(what)) {
      go("/", "replace");
      dropRoom(room.id);
    }
  };
  return (
    <section class="part">
      <h3>{t.danger}</h3>
      <div class="actions actions-left">
        <button type="button" class="button button-danger" onClick={() => void end(t.leaveTitle(room.title), t.leaveText, t.leave, () => api.leave(room.id))}>
          <Icon name="leave" /> {t.leave}
        </button>
        {may(props.of, "delete_room") && (
          <button type="button" class="button button-danger" onClick={() => void end(t.deleteRoomTitle(room.title), t.deleteRoomText, t.deleteRoom, () => api.deleteRoom(room.id))}>
            <Icon name="trash" /> {t.deleteRoom}
          </button>
        )}
      </div>
    </section>
  );
}
