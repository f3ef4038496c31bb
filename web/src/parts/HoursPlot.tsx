// A week of heartbeats: a row of 24 bars for each day. One stop of the keyboard, arrow keys walk through the hours, and what the
// bar under the cursor says stands below in words; the same figures follow as a table. Height and a mark carry what colour also says.
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { type Hour, sum } from "../state/hours";
import { language } from "../words";
import { m } from "../words/machines";
import { clock } from "./time";

const CELL = 10;
const GAP = 2;
const HIGH = 24;
const COLUMNS = 24;

const NAMES = { tiny: { weekday: "short", day: "numeric" }, short: { weekday: "short", day: "numeric", month: "short" }, long: { weekday: "long", day: "numeric", month: "long" } } as const;
const dayName = (at: number, style: keyof typeof NAMES): string => new Intl.DateTimeFormat(language.value === "zh" ? "zh-CN" : "en-GB", NAMES[style]).format(at);
const hourOf = (at: number): number => new Date(at).getHours();

function told(h: Hour): string {
  const when = `${dayName(h.at, "short")} ${clock(h.at)}`;
  if (h.is === "future") return m.value.plotFuture(when);
  if (h.is === "before") return m.value.plotBefore(when);
  return m.value.plotHour(when, h.count, h.most);
}

export function HoursPlot(props: { days: readonly (readonly Hour[])[]; now: number }): VNode {
  const t = m.value;
  const all = props.days.flat();
  const present = Math.max(0, all.findLastIndex((h) => h.at <= props.now));
  const [cursor, setCursor] = useState<number | null>(null);
  const at = Math.min(cursor ?? present, all.length - 1);
  const under = all[at];
  const { count, most, silent } = sum(props.days);
  const help = useId();
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS, PageUp: -COLUMNS, PageDown: COLUMNS, Home: -at, End: all.length - 1 - at }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    setCursor(Math.max(0, Math.min(all.length - 1, at + step)));
  };
  let index = 0;
  return (
    <div class="plot">
      <p class="plot-sum">{count === 0 ? t.plotNone : [t.plotSum(count, most), silent > 0 ? t.silentSum(silent) : ""].filter(Boolean).join(" ")}</p>
      <div
        class="plot-days"
        role="slider"
        tabIndex={0}
        aria-label={t.plot}
        aria-describedby={help}
        aria-valuemin={0}
        aria-valuemax={all.length - 1}
        aria-valuenow={at}
        aria-valuetext={under ? told(under) : ""}
        onKeyDown={move}
        onPointerLeave={() => setCursor(null)}
      >
        {props.days.map((day) => {
          const first = index;
          index += day.length;
          return <Day key={day[0]?.at} hours={day} cursor={at - first} onPoint={(n) => setCursor(first + n)} />;
        })}
        <div class="plot-day plot-axis" aria-hidden="true">
          <span />
          <span>
            {[0, 6, 12, 18].map((h) => (
              <span key={h}>{String(h).padStart(2, "0")}</span>
            ))}
          </span>
        </div>
      </div>
      <p class="plot-said" aria-hidden="true">
        {under && told(under)}
      </p>
      <p class="hidden" id={help}>
        {t.plotHelp}
      </p>
      <ul class="plot-legend">
        {(["full", "some", "none"] as const).map((kind) => (
          <li key={kind}>
            <svg viewBox={`0 0 ${CELL} 12`} class={`bar bar-${kind}`} aria-hidden="true">
              <Bar x={0} high={12} part={kind === "full" ? 1 : kind === "some" ? 0.5 : 0} is={kind} />
            </svg>
            {t.plotLegend[kind]}
          </li>
        ))}
      </ul>
      <details>
        <summary>{t.plotTable}</summary>
        <Table days={props.days} />
      </details>
    </div>
  );
}

function Bar(props: { x: number; high: number; part: number; is: Hour["is"] }): VNode | null {
  const { x, high, part, is } = props;
  if (is === "future" || is === "before") return <rect class="bar-blank" x={x} y={high - 1} width={CELL} height={1} />;
  // Silence is a cross, not only a missing bar.
  if (is === "none") return <path class="bar-none" d={`M${x + 2} ${high - 7}l6 6M${x + 8} ${high - 7}l-6 6`} />;
  const tall = Math.max(2, Math.round(part * (high - 2)));
  return <rect class={`bar-${is}`} x={x} y={high - tall} width={CELL} height={tall} rx={1.5} />;
}

function Day(props: { hours: readonly Hour[]; cursor: number; onPoint: (n: number) => void }): VNode {
  const first = props.hours[0]?.at ?? 0;
  const wide = Math.max(COLUMNS, props.hours.length) * (CELL + GAP) - GAP;
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const n = Math.floor(((event.clientX - box.left) / box.width) * Math.max(COLUMNS, props.hours.length));
    props.onPoint(Math.max(0, Math.min(props.hours.length - 1, n)));
  };
  return (
    <div class="plot-day">
      <span class="plot-name">{dayName(first, "tiny")}</span>
      <svg viewBox={`0 0 ${wide} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true" focusable="false" onPointerMove={point} onPointerDown={point}>
        {props.hours.map((h, i) => (
          <g key={h.at}>
            {i === props.cursor && <rect class="bar-cursor" x={i * (CELL + GAP) - 1} y={0} width={CELL + 2} height={HIGH} rx={2} />}
            <Bar x={i * (CELL + GAP)} high={HIGH} part={h.most > 0 ? h.count / h.most : 1} is={h.is} />
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Day by day what arrived, and which hours were silent: what the bars show, in words. */
function Table(props: { days: readonly (readonly Hour[])[] }): VNode {
  const t = m.value;
  return (
    <div class="wrap-table" tabIndex={0} role="group" aria-label={t.plot}>
      <table class="table">
        <thead>
          <tr>
            <th>{t.day}</th>
            <th>{t.arrived}</th>
            <th>{t.silentHours}</th>
          </tr>
        </thead>
        <tbody>
          {props.days.map((day) => {
            const { count, most } = sum([day]);
            const silent = day.filter((h) => h.is === "none").map((h) => hourOf(h.at));
            return (
              <tr key={day[0]?.at}>
                <td>{dayName(day[0]?.at ?? 0, "long")}</td>
                <td>{most > 0 ? `${count} / ${most}` : count}</td>
                <td>{silent.length === 0 ? t.none : ranges(silent)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Neighbouring hours in one: 3, 4, 5, 9 are "03-06, 09-10". */
export function ranges(hours: readonly number[]): string {
  const out: [number, number][] = [];
  for (const h of hours) {
    const last = out[out.length - 1];
    if (last && last[1] === h) last[1] = h + 1;
    else out.push([h, h + 1]);
  }
  const two = (n: number) => String(n).padStart(2, "0");
  return out.map(([from, to]) => `${two(from)}–${two(to)}`).join(", ");
}
