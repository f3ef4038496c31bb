// The pages before somebody is signed in: first start, sign in, sign up.
import { type ComponentChildren, type VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import { Field, Form, useForm } from "../parts/Field";
import { enter, out, phase, server } from "../state/app";
import { notify } from "../state/notices";
import { chooseLanguage, chooseTheme, type Theme, theme } from "../state/prefs";
import { go, route } from "../state/route";
import { isLanguage, LANGUAGES, language, w } from "../words";

export function Gate(): VNode {
  if (phase.value === "setup") return <Setup />;
  const place = route.value.path[0];
  // Another invitation link in the same tab is another form.
  return place === "sign-up" ? <SignUp key={route.value.query.get("invite") ?? ""} /> : <SignIn />;
}

/** Where to go after signing in or up: an invitation link must outlive both. */
const wanted = (): string => {
  const { path, query } = route.value;
  const next = query.get("next") ?? (path[0] === "join" ? `/${path.map(encodeURIComponent).join("/")}` : "/");
  return next.startsWith("/") ? next : "/";
};
const withNext = (place: string): string => (wanted() === "/" ? `#${place}` : `#${place}?next=${encodeURIComponent(wanted())}`);

export function FrontPage(props: { title: string; children: ComponentChildren; text?: string }): VNode {
  const t = w.value;
  useEffect(() => {
    window.scrollTo(0, 0);
  }, []);
  return (
    <div class="front">
      <header class="front-mark">
        <Mark />
        <span>{server.value?.name ?? "Chatelaine"}</span>
      </header>
      <main class="card front-card">
        <h1>{props.title}</h1>
        {props.text && <p class="lead">{props.text}</p>}
        {props.children}
      </main>
      <footer class="front-foot">
        <label>
          <span class="hidden">{t.language}</span>
          <select value={language.value} onChange={(e) => isLanguage(e.currentTarget.value) && void chooseLanguage(e.currentTarget.value, false)}>
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <option key={code} value={code} selected={code === language.value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="hidden">{t.theme}</span>
          <select value={theme.value} onChange={(e) => chooseTheme(e.currentTarget.value as Theme, false)}>
            {(["system", "light", "dark"] as const).map((name) => (
              <option key={name} value={name} selected={name === theme.value}>
                {t.themes[name]}
              </option>
            ))}
          </select>
        </label>
      </footer>
    </div>
  );
}

export function Mark(): VNode {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M16 15.500V26m0-3.200h4.600m-4.600-4h3.400M21 10.500a5 5 0 1 1-10 0 5 5 0 0 1 10 0" />
    </svg>
  );
}

interface Fresh {
  handle: string;
  email: string;
  name: string;
  password: string;
}
const blank: Fresh = { handle: "", email: "", name: "", password: "" };

/** The fields that a new account needs, for the first and for everybody after. */
function AccountFields(props: { of: Fresh; set: (to: Fresh) => void; flaw: (field: string) => string | null; focus: boolean }): VNode {
  const { of, set, flaw } = props;
  const t = w.value;
  return (
    <>
      <Field label={t.displayName} value={of.name} onInput={(name) => set({ ...of, name })} name="name" autoComplete="name" required maxLength={60} error={flaw("display_name")} hint={t.displayNameHint} focus={props.focus} />
      <Field label={t.handle} value={of.handle} onInput={(handle) => set({ ...of, handle })} name="handle" autoComplete="username" required maxLength={50} error={flaw("handle")} hint={t.handleHint} />
      <Field label={t.emailOptional} value={of.email} onInput={(email) => set({ ...of, email })} type="email" name="email" autoComplete="email" error={flaw("email")} />
      <Field label={t.password} value={of.password} onInput={(password) => set({ ...of, password })} type="password" name="password" autoComplete="new-password" required error={flaw("password")} hint={t.passwordHint} />
    </>
  );
}

const FIELDS = ["display_name", "handle", "email", "password"];
const body = (f: Fresh) => ({ handle: f.handle.trim().replace(/^@/, ""), display_name: f.name.trim(), password: f.password, ...(f.email.trim() ? { email: f.email.trim() } : {}) });

function Setup(): VNode {
  const t = w.value;
  const [token, setToken] = useState(route.value.query.get("token") ?? "");
  const [fresh, set] = useState(blank);
  const { flaws, submit } = useForm(async () => {
    const signed = await api.setup({ token: token.trim(), ...body(fresh) });
    go("/", "replace");
    enter(signed.account);
  }, [...FIELDS, "token"]);
  return (
    <FrontPage title={t.setupTitle} text={t.setupText}>
      <Form onSubmit={submit} flaws={flaws} submit={t.setupSubmit}>
        <Field label={t.setupToken} value={token} onInput={setToken} name="token" required error={flaws.of("token")} hint={t.setupTokenHint} focus={token === ""} />
        <AccountFields of={fresh} set={set} flaw={flaws.of} focus={token !== ""} />
      </Form>
    </FrontPage>
  );
}

function SignIn(): VNode {
  const t = w.value;
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const { flaws, submit } = useForm(async () => {
    const signed = await api.signIn(account.trim().replace(/^@/, ""), password);
    if (route.value.query.has("next")) go(wanted(), "replace");
    enter(signed.account);
  }, []);
  return (
    <FrontPage title={t.signIn} text={wanted().startsWith("/join/") ? t.signInToJoin : ""}>
      <Form onSubmit={submit} flaws={flaws} submit={t.signIn}>
        <Field label={t.handleOrEmail} value={account} onInput={setAccount} name="handle" autoComplete="username" required focus />
        <Field label={t.password} value={password} onInput={setPassword} type="password" name="password" autoComplete="current-password" required />
      </Form>
      {server.value?.sign_up !== "closed" && (
        <p class="front-other">
          {t.newHere} <a href={withNext("/sign-up")}>{t.signUp}</a>
        </p>
      )}
    </FrontPage>
  );
}

function SignUp(): VNode {
  const t = w.value;
  const mode = server.value?.sign_up ?? "open";
  const [invite, setInvite] = useState(route.value.query.get("invite") ?? "");
  const [fresh, set] = useState(blank);
  const { flaws, submit } = useForm(async () => {
    const signed = await api.signUp({ ...body(fresh), ...(invite.trim() ? { invite: invite.trim() } : {}) });
    go(wanted(), "replace");
    enter(signed.account);
  }, [...FIELDS, "invite"]);
  const back = (
    <p class="front-other">
      {t.haveAccount} <a href={withNext("/")}>{t.signIn}</a>
    </p>
  );
  if (mode === "closed")
    return (
      <FrontPage title={t.signUp}>
        <p>{t.signUpClosed}</p>
        {back}
      </FrontPage>
    );
  return (
    <FrontPage title={t.signUp}>
      <Form onSubmit={submit} flaws={flaws} submit={t.signUpSubmit}>
        {(mode === "invite" || invite !== "") && <Field label={t.inviteCode} value={invite} onInput={setInvite} name="invite" required={mode === "invite"} error={flaws.of("invite")} hint={mode === "invite" ? t.inviteCodeHint : ""} />}
        <AccountFields of={fresh} set={set} flaw={flaws.of} focus />
      </Form>
      {back}
    </FrontPage>
  );
}

/** A new password by the one-time link that an administrator gave. */
export function Reset(): VNode {
  const t = w.value;
  const [password, setPassword] = useState("");
  const { flaws, submit } = useForm(async () => {
    await api.resetPassword(route.value.query.get("token") ?? "", password);
    go("/", "replace");
    // Whoever was signed in here is not any more: a new password ends all sign-ins.
    if (phase.value === "in") out();
    notify("done", t.resetDone);
  }, ["password"]);
  return (
    <FrontPage title={t.resetTitle}>
      <Form onSubmit={submit} flaws={flaws} submit={t.save}>
        <Field label={t.newPassword} value={password} onInput={setPassword} type="password" name="password" autoComplete="new-password" required error={flaws.of("password")} hint={t.passwordHint} focus />
      </Form>
    </FrontPage>
  );
}
