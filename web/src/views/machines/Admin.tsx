// For who manages machines: all of them live, the rules, what there is to look at, marks, import, and the signing keys.
import type { VNode } from "preact";
import { me } from "../../state/app";
import { mayServer } from "../../state/rights";
import { numberAt, route } from "../../state/route";
import { m } from "../../words/machines";
import { Alerts } from "./Alerts";
import { Bulk } from "./Bulk";
import { Keys } from "./Keys";
import { LiveList } from "./LiveList";
import { Managed } from "./Managed";
import { ManagedMarks } from "./ManagedMarks";
import { Rules } from "./Rules";

const TABS = ["list", "rules", "alerts", "marks", "bulk", "keys"] as const;
/** What there is for who looks after one organisation. */
const OF_MEMBERS: readonly string[] = ["list", "marks"];

export function MachineAdmin(): VNode {
  const t = m.value;
  const id = numberAt(route.value, 2);
  if (id !== null) return <Managed key={id} id={id} />;
  const tabs = TABS.filter((name) => OF_MEMBERS.includes(name) || mayServer(me.value, "manage_machines"));
  const tab = tabs.find((x) => x === route.value.path[2]) ?? "list";
  return (
    <>
      <nav class="tabs" aria-label={t.manage}>
        {tabs.map((name) => (
          <a key={name} href={`#/admin/machines/${name}`} aria-current={tab === name ? "page" : undefined}>
            {t.tabs[name]}
          </a>
        ))}
      </nav>
      {tab === "list" && <LiveList />}
      {tab === "rules" && <Rules />}
      {tab === "alerts" && <Alerts />}
      {tab === "marks" && <ManagedMarks />}
      {tab === "bulk" && <Bulk />}
      {tab === "keys" && <Keys />}
    </>
  );
}
