// Form pieces: every input has its label, its hint and its error tied to it; a form tells which field the server refused.
import { type ComponentChildren, type VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Problem } from "../api";
import { reason } from "../state/notices";

interface FieldProps {
  label: string;
  value: string;
  onInput: (text: string) => void;
  type?: "text" | "password" | "email" | "search" | "number";
  name?: string;
  hint?: string;
  error?: string | null;
  required?: boolean;
  autoComplete?: string;
  maxLength?: number;
  minLength?: number;
  rows?: number;
  focus?: boolean;
  placeholder?: string;
  hideLabel?: boolean;
}

export function Field(props: FieldProps): VNode {
  const id = useId();
  const described = [props.hint && `${id}h`, props.error && `${id}e`].filter(Boolean).join(" ") || undefined;
  const common = {
    id,
    name: props.name,
    value: props.value,
    required: props.required,
    maxLength: props.maxLength,
    minLength: props.minLength,
    placeholder: props.placeholder,
    "aria-describedby": described,
    "aria-invalid": props.error ? true : undefined,
    autoFocus: props.focus,
    ref: props.focus ? focusOnce : undefined,
  } as const;
  return (
    <div class="field">
      <label for={id} class={props.hideLabel ? "hidden" : ""}>
        {props.label}
      </label>
      {props.rows ? (
        <textarea {...common} rows={props.rows} onInput={(e) => props.onInput(e.currentTarget.value)} />
      ) : (
        <input
          {...common}
          type={(props.type ?? "text") as "text"}
          autocomplete={(props.autoComplete ?? "off") as "off"}
          spellcheck={false}
          autocapitalize={props.type === "password" || props.name === "handle" ? "none" : undefined}
          onInput={(e) => props.onInput(e.currentTarget.value)}
        />
      )}
      {props.hint && (
        <p id={`${id}h`} class="hint">
          {props.hint}
        </p>
      )}
      {props.error && (
        <p id={`${id}e`} class="error">
          {props.error}
        </p>
      )}
    </div>
  );
}

const focused = new WeakSet<Element>();
function focusOnce(element: HTMLElement | null): void {
  if (!element || focused.has(element)) return;
  focused.add(element);
  queueMicrotask(() => element.focus());
}

export function Choose<T extends string>(props: { label: string; value: T; options: readonly (readonly [T, string])[]; onChange: (to: T) => void; hint?: string; error?: string | null; disabled?: boolean }): VNode {
  const id = useId();
  const described = [props.hint && `${id}h`, props.error && `${id}e`].filter(Boolean).join(" ") || undefined;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select id={id} value={props.value} disabled={props.disabled} aria-describedby={described} aria-invalid={props.error ? true : undefined} onChange={(e) => props.onChange(e.currentTarget.value as T)}>
        {props.options.map(([value, text]) => (
          <option key={value} value={value} selected={value === props.value}>
            {text}
          </option>
        ))}
      </select>
      {props.hint && (
        <p id={`${id}h`} class="hint">
          {props.hint}
        </p>
      )}
      {props.error && (
        <p id={`${id}e`} class="error">
          {props.error}
        </p>
      )}
    </div>
  );
}

export function Check(props: { label: string; value: boolean; onChange: (to: boolean) => void; disabled?: boolean }): VNode {
  return (
    <label class="check">
      <input type="checkbox" checked={props.value} disabled={props.disabled} onChange={(e) => props.onChange(e.currentTarget.checked)} />
      <span>{props.label}</span>
    </label>
  );
}

/** The errors of one form: by field where the server names one, otherwise for the whole. */
export interface Flaws {
  busy: boolean;
  of: (field: string) => string | null;
  whole: string | null;
  /** The latest refusal: another object each time. */
  latest: object | null;
}

/** A form that sends once at a time and shows what the server refused. */
export function useForm(send: () => Promise<void>, fields: readonly string[]): { flaws: Flaws; submit: (event: Event) => void } {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ field: string | null; text: string } | null>(null);
  const running = useRef(false);
  const submit = (event: Event) => {
    event.preventDefault();
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setProblem(null);
    send()
      .catch((error: unknown) => {
        const field = error instanceof Problem && error.field && fields.includes(error.field) ? error.field : null;
        setProblem({ field, text: reason(error) });
      })
      .finally(() => {
        running.current = false;
        setBusy(false);
      });
  };
  return { submit, flaws: { busy, of: (f) => (problem?.field === f ? problem.text : null), whole: problem && problem.field === null ? problem.text : null, latest: problem } };
}

export function Form(props: { onSubmit: (event: Event) => void; flaws: Flaws; submit: string; children: ComponentChildren; class?: string; idle?: boolean }): VNode {
  const box = useRef<HTMLFormElement>(null);
  // Where something has to be mended, there the next key goes.
  useEffect(() => box.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus(), [props.flaws.latest]);
  return (
    <form ref={box} class={`form ${props.class ?? ""}`} onSubmit={props.onSubmit}>
      {props.children}
      <div role="alert">{props.flaws.whole && <p class="error error-box">{props.flaws.whole}</p>}</div>
      <button class="button button-main" type="submit" disabled={props.flaws.busy || props.idle}>
        {props.submit}
      </button>
    </form>
  );
}
