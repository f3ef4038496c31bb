// What managers should look at: copies, banned machines that come back, too many, and silence. Each is ticked off once.
import type { VNode } from "preact";
import * as api from "../../api-machines";
import type { Alert } from "../../api-machines";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/States";
import { moment } from "../../parts/time";
import { usePages } from "../../parts/usePages";
import { changed } from "../../state/app";
import { attempt } from "../../state/notices";
import { m } from "../../words/machines";
import { Badge, More, who } from "./Bits";

export function Alerts(): VNode {
  const t = m.value;
  const list = usePages(api.alerts, [changed.alerts.value]);
  return (
    <Loaded of={list}>
      {({ items, next }) =>
        items.length === 0 ? (
          <Empty icon="bell" title={t.noAlerts} text={t.noAlertsText} />
        ) : (
          <>
            <ul class="box">
              {items.map((a) => (
                <AlertRow key={a.id} of={a} again={list.again} />
              ))}
            </ul>
            {next && <More of={list} />}
          </>
        )
      }
    </Loaded>
  );
}

function AlertRow(props: { of: Alert; again: () => void }): VNode {
  const a = props.of;
  const t = m.value;
  const kind = t.alertKinds[a.kind] ?? a.kind;
  return (
    <li class="row">
      <Icon name={a.kind === "dead" ? "clock" : a.kind === "banned_machine" ? "ban" : "warn"} />
      <a class="row-text" href={a.machine === null ? `#/people/${a.account}` : `#/admin/machines/${a.machine}`}>
        <span class="row-name">{kind}</span>
        <span class="row-note">{[who(a.account), a.machine !== null && t.machine(a.machine), a.other && t.alertOther(who(a.other.account), a.other.machine), moment(a.at)].filter(Boolean).join(" · ")}</span>
      </a>
      <span class="row-acts">
        {a.seen ? (
          <Badge icon="check" kind="quiet" text={t.wasSeen} />
        ) : (
          <>
            <Badge icon="bell" kind="warn" text={t.isNew} />
            <button type="button" class="button button-small" aria-label={t.alertSeen(kind)} onClick={() => void attempt(() => api.alertSeen(a.id)).then(props.again)}>
              {t.seenIt}
            </button>
          </>
        )}
      </span>
    </li>
  );
}
