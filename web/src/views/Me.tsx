// One's own account: profile, appearance, sign-ins, password, closing it.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api";
import type { Me } from "../api";
import { confirm } from "../parts/Dialog";
import { Check, Choose, Field, Form, useForm } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { PicturePick } from "../parts/PicturePick";
import { Loaded } from "../parts/States";
import { moment } from "../parts/time";
import { useLoad } from "../parts/useLoad";
import { changed, me, out, signOut } from "../state/app";
import { attempt, notify } from "../state/notices";
import { learnMe } from "../state/people";
import { chooseLanguage, chooseNotes, chooseTheme, desktopNotes, theme } from "../state/prefs";
import { go, route } from "../state/route";
import { LANGUAGES, type Language, language, w } from "../words";
import { Page, Part } from "./Page";

const TABS = ["profile", "appearance", "logins", "security"] as const;
type Tab = (typeof TABS)[number];

export function MePage(): VNode | null {
  const t = w.value;
  const who = me.value;
  const wanted = route.value.path[1];
  const tab: Tab = TABS.find((x) => x === wanted) ?? "profile";
  if (!who) return null;
  return (
    <Page
      title={t.me}
      acts={
        <button type="button" class="button" onClick={() => void signOut()}>
          <Icon name="leave" /> {t.signOut}
        </button>
      }
    >
      <nav class="tabs" aria-label={t.me}>
        {TABS.map((name) => (
          <a key={name} href={`#/me/${name}`} aria-current={tab === name ? "page" : undefined}>
            {t[name]}
          </a>
        ))}
      </nav>
      {tab === "profile" && <Profile of={who} />}
      {tab === "appearance" && <Appearance />}
      {tab === "logins" && <Logins />}
      {tab === "security" && <Security />}
    </Page>
  );
}

function took(fresh: Me): void {
  me.value = fresh;
  learnMe(fresh);
}

function Profile(props: { of: Me }): VNode {
  const t = w.value;
  const m = props.of;
  const [name, setName] = useState(m.display_name);
  const [handle, setHandle] = useState(m.handle);
  const [email, setEmail] = useState(m.email ?? "");
  const [status, setStatus] = useState(m.status);
  const [bio, setBio] = useState(m.bio);
  const { flaws, submit } = useForm(async () => {
    const b: Parameters<typeof api.changeMe>[0] = {};
    if (name.trim() !== m.display_name) b.display_name = name.trim();
    if (handle.trim() !== m.handle) b.handle = handle.trim();
    if (email.trim() !== (m.email ?? "")) b.email = email.trim() || null;
    if (status.trim() !== m.status) b.status = status.trim();
    if (bio.trim() !== m.bio) b.bio = bio.trim();
    if (Object.keys(b).length > 0) took(await api.changeMe(b));
    notify("done", t.saved);
  }, ["display_name", "handle", "email", "status", "bio"]);
  return (
    <div class="box box-pad part">
      <PicturePick id={m.id} name={m.display_name} picture={m.avatar} change={async (avatar) => took(await api.changeMe({ avatar }))} />
      <Form onSubmit={submit} flaws={flaws} submit={t.save}>
        <Field label={t.displayName} value={name} onInput={setName} required maxLength={60} autoComplete="name" error={flaws.of("display_name")} />
        <Field label={t.handle} value={handle} onInput={setHandle} required maxLength={50} name="handle" error={flaws.of("handle")} hint={t.handleHint} />
        <Field label={t.emailOptional} value={email} onInput={setEmail} type="email" autoComplete="email" error={flaws.of("email")} />
        <Field label={t.status} value={status} onInput={setStatus} maxLength={120} error={flaws.of("status")} hint={t.statusHint} />
        <Field label={t.bio} value={bio} onInput={setBio} rows={4} maxLength={500} error={flaws.of("bio")} hint={t.bioHint} />
      </Form>
    </div>
  );
}

function Appearance(): VNode {
  const t = w.value;
  return (
    <div class="box box-pad part">
      <Choose label={t.theme} value={theme.value} onChange={(to) => chooseTheme(to, true)} options={[["system", t.themes.system], ["light", t.themes.light], ["dark", t.themes.dark]]} />
      <Choose<Language> label={t.language} value={language.value} onChange={(to) => void chooseLanguage(to, true)} options={Object.entries(LANGUAGES) as [Language, string][]} />
      {"Notification" in window && (
        <fieldset>
          <legend>{t.desktopNotes}</legend>
          <Check
            label={t.desktopNotesOn}
            value={desktopNotes.value}
            onChange={(on) =>
              void chooseNotes(on).then((granted) => {
                if (on && !granted) notify("error", t.notesDenied);
              })
            }
          />
        </fieldset>
      )}
    </div>
  );
}

/** A few words for what a client called itself. */
export function clientName(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\/(\d+)/.exec(agent.replace(/HeadlessChrome/, "Chrome"));
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent);
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
  if (!browser) return agent.slice(0, 60) || w.value.unknownClient;
  return [names[browser[1] ?? ""] ?? browser[1], system?.[1]?.replace("Mac OS X", "macOS")].filter(Boolean).join(" · ");
}

function Logins(): VNode {
  const t = w.value;
  const list = useLoad(api.logins, [changed.logins.value]);
  return (
    <Part title={t.logins} text={t.loginsText}>
      <Loaded of={list}>
        {(page) => (
          <>
            <ul class="box">
              {page.items.map((l) => (
                <li class="row" key={l.id}>
                  <span class="row-text">
                    <span class="row-name">
                      {clientName(l.agent)} {l.current && <span class="tag">{t.thisLogin}</span>}
                    </span>
                    <span class="row-note">{[l.dialect === "web" ? "" : l.dialect, l.address, t.since(moment(l.created_at)), t.lastUsed(moment(l.last_seen_at))].filter(Boolean).join(" · ")}</span>
                  </span>
                  {!l.current && (
                    <span class="row-acts">
                      <button type="button" class="button button-small button-danger" aria-label={t.endLoginOf(clientName(l.agent))} onClick={() => void attempt(() => api.endLogin(l.id), t.ended).then(list.again)}>
                        {t.endLogin}
                      </button>
                    </span>
                  )}
                </li>
              ))}
            </ul>
            {page.items.length > 1 && (
              <div class="actions actions-left">
                <button type="button" class="button button-danger" onClick={() => void attempt(api.endOtherLogins, t.ended).then(list.again)}>
                  {t.endOthers}
                </button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Part>
  );
}

function Security(): VNode {
  const t = w.value;
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const { flaws, submit } = useForm(async () => {
    await api.changePassword(old, fresh);
    setOld("");
    setFresh("");
    notify("done", t.passwordChanged);
  }, ["old", "new", "password"]);
  return (
    <>
      <Part title={t.changePassword}>
        <div class="box box-pad">
          <Form onSubmit={submit} flaws={flaws} submit={t.changePassword}>
            <input type="text" autocomplete="username" value={me.value?.handle ?? ""} class="hidden" readOnly tabIndex={-1} aria-hidden="true" />
            <Field label={t.oldPassword} value={old} onInput={setOld} type="password" autoComplete="current-password" required error={flaws.of("old")} />
            <Field label={t.newPassword} value={fresh} onInput={setFresh} type="password" autoComplete="new-password" required error={flaws.of("new") ?? flaws.of("password")} hint={t.passwordHint} />
          </Form>
        </div>
      </Part>
      <Closing />
    </>
  );
}

function Closing(): VNode {
  const t = w.value;
  const [password, setPassword] = useState("");
  const { flaws, submit } = useForm(async () => {
    if (!(await confirm(t.closeAccountTitle, t.closeAccountText, t.closeAccount))) return;
    await api.closeAccount(password);
    out();
    go("/");
  }, ["password"]);
  return (
    <Part title={t.closeAccount} text={t.closeAccountText}>
      <div class="box box-pad">
        <form class="form" onSubmit={submit}>
          <Field label={t.password} value={password} onInput={setPassword} type="password" autoComplete="current-password" required error={flaws.of("password") ?? flaws.whole} />
          <div class="actions actions-left">
            <button type="submit" class="button button-danger" disabled={flaws.busy || password === ""}>
              {t.closeAccount}
            </button>
          </div>
        </form>
      </div>
    </Part>
  );
}
