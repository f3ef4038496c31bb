// What happens when a rule is broken, what "warn" has let pass so far, and how many machines an account or a role may have.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Account } from "../../api";
import * as api from "../../api-machines";
import type { Allowance, Limit as LimitNow, Policy, Warning } from "../../api-machines";
import { confirm } from "../../parts/Dialog";
import { Choose, Field, Form, useForm } from "../../parts/Field";
import { PeoplePicker } from "../../parts/People";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../parts/useLoad";
import { changed } from "../../state/app";
import { effectOf, harder, type Rule, RULES } from "../../state/machines";
import { attempt, notify } from "../../state/notices";
import { language, w } from "../../words";
import { m } from "../../words/machines";
import { Part } from "../Page";

const EFFECTS = ["preset", "enforce", "warn", "off"] as const;

export function Rules(): VNode {
  const t = m.value;
  const policy = useLoad(api.policy, []);
  const warned = useLoad(api.warnings, [changed.alerts.value]);
  return (
    <>
      <Part title={t.policy} text={t.policyText}>
        <Loaded of={policy}>{(p) => <PolicyForm key={JSON.stringify(p)} of={p} took={policy.set} />}</Loaded>
      </Part>
      <Part title={t.warnings} text={t.warningsText}>
        <Loaded of={warned}>{(got) => <Warnings of={got.items} />}</Loaded>
      </Part>
      <Limits />
    </>
  );
}

function PolicyForm(props: { of: Policy; took: (p: Policy) => void }): VNode {
  const t = m.value;
  const [preset, setPreset] = useState(props.of.preset);
  const [rules, setRules] = useState(props.of.rules);
  const next = { preset, rules };
  const { flaws, submit } = useForm(async () => {
    const more = harder(props.of, next, props.of.presets);
    if (more.length > 0 && !(await confirm(t.policyTitle, t.policyEnforces(more.map((r) => t.rules[r]).join(", ")), t.change))) return;
    props.took(await api.setPolicy(next));
    notify("done", w.value.saved);
  }, []);
  const effectNow = (rule: Rule) => {
    const effect = effectOf(next, rule, props.of.presets);
    return t.effects[effect] ?? effect;
  };
  const same = preset === props.of.preset && RULES.every((r) => (rules[r] ?? "preset") === (props.of.rules[r] ?? "preset"));
  return (
    <div class="box box-pad">
      <Form onSubmit={submit} flaws={flaws} submit={w.value.save} idle={same}>
        <Choose label={t.preset} value={preset} onChange={setPreset} hint={t.presetTexts[preset]} options={props.of.presets.map(({ preset: p }) => [p, t.presets[p] ?? p] as const)} />
        <div class="rules">
          {RULES.map((r) => (
            <Choose
              key={r}
              label={t.rules[r] ?? r}
              value={rules[r] ?? "preset"}
              onChange={(to) => setRules({ ...rules, [r]: to })}
              hint={t.effectNow(effectNow(r))}
              options={EFFECTS.map((e) => [e as string, t.effects[e] ?? e] as const)}
            />
          ))}
        </div>
      </Form>
    </div>
  );
}

const DAYS = 30;
const DAY_MS = 86_400_000;

/** A row of small bars for each rule; the same numbers stand below as a table. */
function Warnings(props: { of: readonly Warning[] }): VNode {
  const t = m.value;
  const today = Math.floor(Date.now() / DAY_MS);
  const by = new Map<string, number[]>();
  for (const one of props.of) {
    const at = DAYS - 1 - (today - Math.floor(Date.parse(one.day) / DAY_MS));
    if (one.count === 0 || at < 0 || at >= DAYS) continue;
    const row = by.get(one.rule) ?? Array.from({ length: DAYS }, () => 0);
    row[at] = (row[at] ?? 0) + one.count;
    by.set(one.rule, row);
  }
  if (by.size === 0) return <p class="soft">{t.noWarnings}</p>;
  const most = Math.max(...[...by.values()].flat());
  const dayName = (at: number) => new Intl.DateTimeFormat(language.value === "zh" ? "zh-CN" : "en-GB", { day: "numeric", month: "short", timeZone: "UTC" }).format((today - (DAYS - 1 - at)) * DAY_MS);
  return (
    <div class="plot">
      <ul class="box warned">
        {[...by].map(([rule, days]) => (
          <li key={rule}>
            <span class="warned-name">{t.rules[rule] ?? rule}</span>
            <svg viewBox={`0 0 ${DAYS * 6} 28`} preserveAspectRatio="none" aria-hidden="true">
              {days.map((n, i) => (
                <rect key={i} class={n > 0 ? "bar-some" : "bar-blank"} x={i * 6} width={5} y={n > 0 ? 28 - Math.max(3, Math.round((n / most) * 28)) : 27} height={n > 0 ? Math.max(3, Math.round((n / most) * 28)) : 1} />
              ))}
            </svg>
            <span class="warned-sum">{t.warnOf(days.reduce((a, b) => a + b, 0))}</span>
          </li>
        ))}
      </ul>
      <details>
        <summary>{t.warnTable}</summary>
        <div class="wrap-table" tabIndex={0} role="group" aria-label={t.warnings}>
          <table class="table">
            <thead>
              <tr>
                <th>{t.day}</th>
                {[...by.keys()].map((rule) => (
                  <th key={rule}>{t.rules[rule] ?? rule}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {Array.from({ length: DAYS }, (_, i) => DAYS - 1 - i)
                .filter((at) => [...by.values()].some((days) => (days[at] ?? 0) > 0))
                .map((at) => (
                  <tr key={at}>
                    <td>{dayName(at)}</td>
                    {[...by].map(([rule, days]) => (
                      <td key={rule}>{days[at]}</td>
                    ))}
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}

function Limits(): VNode {
  const t = m.value;
  const [picked, setPicked] = useState<Account[]>([]);
  const roles = useLoad(api.serverRoles, []);
  const [role, setRole] = useState("");
  const account = picked[0];
  return (
    <Part title={t.limits} text={t.limitsText}>
      <div class="box box-pad part">
        <fieldset>
          <legend>{t.limitOfAccount}</legend>
          <PeoplePicker picked={picked} onChange={setPicked} single />
        </fieldset>
        {account && <Limit key={`a${account.id}`} fields={[["most", t.most]]} read={() => api.accountLimit(account.id)} write={(b) => api.setAccountLimit(account.id, b)} drop={() => api.removeAccountLimit(account.id)} />}
      </div>
      <div class="box box-pad part">
        <Loaded of={roles}>
          {(page) =>
            page.items.length === 0 ? (
              <p class="soft">{t.noRoles}</p>
            ) : (
              <Choose label={t.limitOfRole} value={role} onChange={setRole} options={[["", t.chooseRole], ...page.items.map((r) => [String(r.id), r.name] as const)]} />
            )
          }
        </Loaded>
        {role !== "" && (
          <Limit
            key={`r${role}`}
            fields={[["each", t.each], ["total", t.total]]}
            read={() => api.roleLimit(Number(role))}
            write={(b) => api.setRoleLimit(Number(role), b)}
            drop={() => api.removeRoleLimit(Number(role))}
          />
        )}
      </div>
    </Part>
  );
}

const OVERAGES = ["deny", "half", "double", "allow"] as const;

interface LimitProps {
  /** The numbers by name, and what they are called. */
  fields: readonly (readonly [string, string])[];
  write: (b: Allowance) => Promise<unknown>;
  drop: () => Promise<unknown>;
}

function Limit(props: LimitProps & { read: () => Promise<LimitNow> }): VNode {
  const load = useLoad(props.read, []);
  return <Loaded of={load}>{(now) => <LimitForm key={JSON.stringify(now.own)} {...props} now={now} again={load.again} />}</Loaded>;
}

function LimitForm(props: LimitProps & { now: LimitNow; again: () => void }): VNode {
  const t = m.value;
  const { own, in_force, held } = props.now;
  const [values, setValues] = useState<Record<string, string>>(Object.fromEntries(props.fields.map(([name]) => [name, String(own?.[name] ?? "")])));
  const [overage, setOverage] = useState(String(own?.overage ?? "deny"));
  const { flaws, submit } = useForm(async () => {
    const b: Allowance = { overage };
    for (const [name] of props.fields) b[name] = values[name]?.trim() ? Number(values[name]) : null;
    await props.write(b);
    notify("done", w.value.saved);
    props.again();
  }, props.fields.map(([name]) => name));
  const most = in_force?.most;
  return (
    <>
      <p class="soft">{[t.held(held), most === undefined ? "" : t.heldOf(most === null ? null : Number(most)), own ? "" : t.limitNone].filter(Boolean).join(" ")}</p>
      <Form onSubmit={submit} flaws={flaws} submit={w.value.save}>
        {props.fields.map(([name, label]) => (
          <Field key={name} label={label} type="number" value={values[name] ?? ""} onInput={(to) => setValues({ ...values, [name]: to })} hint={t.mostHint} error={flaws.of(name)} />
        ))}
        <Choose label={t.overage} value={overage} onChange={setOverage} options={OVERAGES.map((o) => [o as string, t.overages[o] ?? o] as const)} />
      </Form>
      {own && (
        <div class="actions actions-left">
          <button type="button" class="button button-danger" onClick={() => void attempt(props.drop, w.value.saved).then(props.again)}>
            {t.limitRemove}
          </button>
        </div>
      )}
    </>
  );
}
