// For administrators: accounts, who may sign up, the settings that change at run time, and the audit record.
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import type { AdminAccount, Setting } from "../api";
import { Face } from "../parts/Avatar";
import { confirm, Dialog } from "../parts/Dialog";
import { Choose, Field, Form, useForm } from "../parts/Field";
import { IconButton } from "../parts/Icon";
import { type Choice, Menu } from "../parts/Menu";
import { Empty, Failed, Loaded, Waiting } from "../parts/States";
import { date, moment } from "../parts/time";
import { lazily } from "../parts/useLazy";
import { useLoad } from "../parts/useLoad";
import { me } from "../state/app";
import { attempt, notify } from "../state/notices";
import { nameOf, person } from "../state/people";
import { maySome } from "../state/rights";
import { route } from "../state/route";
import { w } from "../words";
import { Page, Part } from "./Page";

const SERVER_ADMIN = 1;
const TABS = ["accounts", "serverSettings", "audit", "machines"] as const;
const useLater = lazily<object>({
  machines: async () => (await import("./machines/Admin")).MachineAdmin,
  proof: async () => (await import("./machines/AuditProof")).AuditProof,
});

/** A part that comes with the screens about machines. */
function Later(props: { name: "machines" | "proof" }): VNode {
  const { Found, failed, again } = useLater(props.name);
  if (Found) return <Found />;
  return failed ? <Failed text={w.value.offlineError} again={again} /> : <Waiting />;
}


export function Admin(): VNode {
  const t = w.value;
  // An organisation's administrator sees its members and their machines.
  const limited = (me.value?.organisation_permissions.length ?? 0) > 0;
  const tabs = TABS.filter((name) => (name === "machines" ? maySome(me.value, "manage_machines") : !limited || (name === "accounts" && maySome(me.value, "view_users"))));
  const tab = tabs.find((x) => x === route.value.path[1]) ?? tabs[0];
  return (
    <Page title={t.admin}>
      <nav class="tabs" aria-label={t.admin}>
        {tabs.map((name) => (
          <a key={name} href={`#/admin/${name}`} aria-current={tab === name ? "page" : undefined}>
            {t[name]}
          </a>
        ))}
      </nav>
      {tab === "accounts" && <Accounts />}
      {tab === "serverSettings" && <Settings />}
      {tab === "audit" && (
        <>
          <Later name="proof" />
          <AuditList />
        </>
      )}
      {tab === "machines" && <Later name="machines" />}
    </Page>
  );
}

/** Shows a code once, ready to be copied. */
function Code(props: { title: string; code: string; onClose: () => void }): VNode {
  const t = w.value;
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{t.linkMade}</p>
      <div class="copy-line">
        <input type="text" readOnly aria-label={props.title} value={props.code} onFocus={(e) => e.currentTarget.select()} />
        <button type="button" class="button" onClick={() => void navigator.clipboard?.writeText(props.code).then(() => notify("done", t.copied), () => notify("error", t.somethingWrong))}>
          {t.copyLink}
        </button>
      </div>
    </Dialog>
  );
}

function Accounts(): VNode {
  const t = w.value;
  const [search, setSearch] = useState("");
  const [name, setName] = useState("");
  const [list, setList] = useState<AdminAccount[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [code, setCode] = useState<{ title: string; code: string } | null>(null);
  const load = useLoad(async () => {
    try {
      return await api.adminAccounts(name, null);
    } catch (error) {
      if (error instanceof api.Problem && error.status === 404) return { items: [], next: null };
      throw error;
    }
  }, [name]);
  useEffect(() => {
    if (!load.value) return;
    setList(load.value.items);
    setNext(load.value.next);
  }, [load.value]);
  const more = () =>
    void attempt(async () => {
      const page = await api.adminAccounts("", next);
      setList([...list, ...page.items]);
      setNext(page.next);
    });
  const invite = () =>
    void attempt(async () => {
      const made = await api.adminInvite({});
      setCode({ title: t.signUpInvite, code: `${location.origin}/#/sign-up?invite=${encodeURIComponent(made.invite ?? "")}` });
    });
  return (
    <>
      <div class="actions actions-left">
        <button type="button" class="button" onClick={invite}>
          {t.makeInvite}
        </button>
      </div>
      <form
        class="copy-line"
        onSubmit={(e) => {
          e.preventDefault();
          setName(search.trim().replace(/^@/, ""));
        }}
      >
        <input
          type="search"
          aria-label={t.handleOrEmail}
          placeholder={t.handleOrEmail}
          value={search}
          onInput={(e) => {
            setSearch(e.currentTarget.value);
            if (e.currentTarget.value === "") setName("");
          }}
        />
        <button type="submit" class="button">
          {t.search}
        </button>
      </form>
      <Loaded of={load}>
        {() => (
          <ul class="box">
            {list.length === 0 && <Empty icon="find" title={t.nothingFound} />}
            {list.map((a) => (
              <AccountRow key={a.id} of={a} again={load.again} onCode={setCode} />
            ))}
          </ul>
        )}
      </Loaded>
      {next && (
        <button type="button" class="button" onClick={more}>
          {t.showMore}
        </button>
      )}
      {code && <Code {...code} onClose={() => setCode(null)} />}
    </>
  );
}

function AccountRow(props: { of: AdminAccount; again: () => void; onCode: (c: { title: string; code: string }) => void }): VNode {
  const a = props.of;
  const t = w.value;
  const [menu, setMenu] = useState<Element | null>(null);
  const ask = async (title: string, text: string, act: string, what: () => Promise<unknown>) => {
    if ((await confirm(title, text, act)) && (await attempt(what, t.saved))) props.again();
  };
  const plain = (what: () => Promise<unknown>) => void attempt(what, t.saved).then(props.again);
  const choices: Choice[] = [
    a.state === "locked"
      ? { icon: "check", text: t.unlock, act: () => plain(() => api.adminChange(a.id, { locked: false })) }
      : { icon: "lock", text: t.lock, danger: true, act: () => void ask(t.lockTitle(a.display_name), t.lockText, t.lock, () => api.adminChange(a.id, { locked: true })) },
    a.server_role === null
      ? { icon: "admin", text: t.grantAdmin, act: () => void ask(t.grantAdminTitle(a.display_name), t.grantAdminText, t.grantAdmin, () => api.adminChange(a.id, { server_role: SERVER_ADMIN })) }
      : { icon: "admin", text: t.revokeAdmin, act: () => plain(() => api.adminChange(a.id, { server_role: null })) },
    { icon: "leave", text: t.signOutEverywhere, act: () => plain(() => api.adminSignOut(a.id)) },
    {
      icon: "link",
      text: t.resetLink,
      act: () =>
        void attempt(async () => {
          const made = await api.adminResetLink(a.id);
          props.onCode({ title: t.resetLink, code: `${location.origin}/#/reset?token=${encodeURIComponent(made.token)}` });
        }),
    },
  ];
  return (
    <li class="row">
      <Face id={a.id} name={a.display_name} picture={null} />
      <span class="row-text">
        <span class="row-name">{a.display_name}</span>
        <span class="row-note">{[`@${a.handle}`, a.email, t.since(date(a.created_at))].filter(Boolean).join(" · ")}</span>
      </span>
      <span class="row-acts">
        {a.state !== "active" && <span class="tag">{a.state === "locked" ? t.locked : t.closed}</span>}
        {a.server_role !== null && <span class="tag">{t.administrator}</span>}
        {a.state !== "closed" && a.id !== me.value?.id && <IconButton name="more" label={t.actionsFor(a.display_name)} onClick={(e) => setMenu(e.currentTarget as Element)} />}
      </span>
      {menu && <Menu anchor={menu} label={t.actionsFor(a.display_name)} choices={choices} onClose={() => setMenu(null)} />}
    </li>
  );
}

const SIGN_UP = "accounts.sign_up";

function Settings(): VNode {
  const t = w.value;
  const list = useLoad(api.adminSettings, []);
  const set = (name: string, value: string | null) => void attempt(() => api.adminSet(name, value), t.saved).then(list.again);
  return (
    <Loaded of={list}>
      {(page) => {
        const signUp = page.items.find((s) => s.name === SIGN_UP);
        return (
          <>
            {signUp && (
              <Choose label={t.signUpSetting} value={signUp.value as "open" | "invite" | "closed"} onChange={(to) => set(SIGN_UP, to)} options={[["open", t.signUpChoices.open], ["invite", t.signUpChoices.invite], ["closed", t.signUpChoices.closed]]} />
            )}
            <Part title={t.serverSettings}>
              <ul class="box">
                {page.items
                  .filter((s) => s.name !== SIGN_UP)
                  .map((s) => (
                    <SettingRow key={s.name} of={s} again={list.again} onReset={() => set(s.name, null)} />
                  ))}
              </ul>
            </Part>
          </>
        );
      }}
    </Loaded>
  );
}

function SettingRow(props: { of: Setting; again: () => void; onReset: () => void }): VNode {
  const s = props.of;
  const t = w.value;
  const [editing, setEditing] = useState(false);
  return (
    <li class="row">
      <span class="row-text">
        <span class="row-name">{s.name}</span>
        <span class="row-note">{s.help}</span>
      </span>
      <span class="row-acts">
        <span class="tag">{s.value}</span>
        {s.overridden && (
          <button type="button" class="button button-small" onClick={props.onReset} aria-label={`${t.reset}: ${s.name}`}>
            {t.reset}
          </button>
        )}
        <IconButton name="edit" label={`${t.edit}: ${s.name}`} onClick={() => setEditing(true)} />
      </span>
      {editing && (
        <SettingEditor
          of={s}
          onClose={() => {
            setEditing(false);
            props.again();
          }}
        />
      )}
    </li>
  );
}

function SettingEditor(props: { of: Setting; onClose: () => void }): VNode {
  const s = props.of;
  const t = w.value;
  const [value, setValue] = useState(s.value);
  const { flaws, submit } = useForm(async () => {
    await api.adminSet(s.name, value.trim());
    props.onClose();
  }, []);
  return (
    <Dialog title={s.name} onClose={props.onClose}>
      <Form onSubmit={submit} flaws={flaws} submit={t.save}>
        <Field label={s.help} value={value} onInput={setValue} hint={s.allowed} focus />
      </Form>
    </Dialog>
  );
}

function AuditList(): VNode {
  const t = w.value;
  const [list, setList] = useState<api.Audit[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const first = useLoad(() => api.adminAudit(null), []);
  useEffect(() => {
    if (!first.value) return;
    setList(first.value.items);
    setNext(first.value.next);
  }, [first.value]);
  return (
    <Loaded of={first}>
      {() =>
        list.length === 0 ? (
          <Empty icon="admin" title={t.noAudit} />
        ) : (
          <>
            <div class="box wrap-table" tabIndex={0} role="group" aria-label={t.audit}>
              <table class="table">
                <thead>
                  <tr>
                    <th>{t.when}</th>
                    <th>{t.who}</th>
                    <th>{t.what}</th>
                    <th>{t.where}</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((a) => (
                    <tr key={a.id}>
                      <td>{moment(a.at)}</td>
                      <td>{a.who === null ? t.operator : nameOf(person(a.who).value)}</td>
                      <td>{a.what.replaceAll("_", " ")}</td>
                      <td>{[a.target, a.detail].filter(Boolean).join(" · ")}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {next && (
              <button
                type="button"
                class="button"
                onClick={() =>
                  void attempt(async () => {
                    const page = await api.adminAudit(next);
                    setList([...list, ...page.items]);
                    setNext(page.next);
                  })
                }
              >
                {t.showMore}
              </button>
            )}
          </>
        )
      }
    </Loaded>
  );
}
