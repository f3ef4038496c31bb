// Which events of machines become messages in a group; for who may set up the group and manages machines.
import type { VNode } from "preact";
import * as api from "../../api-machines";
import { Check } from "../../parts/Field";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../parts/useLoad";
import { attempt } from "../../state/notices";
import { w } from "../../words";
import { m } from "../../words/machines";

const KINDS = ["binding", "drift", "ban", "dead"] as const;

export function RoomAlerts(props: { room: number }): VNode {
  const t = m.value;
  const load = useLoad(() => api.roomAlerts(props.room), [props.room]);
  const set = (kinds: string[]) => {
    const before = load.value;
    load.set({ kinds });
    void attempt(() => api.setRoomAlerts(props.room, kinds), w.value.saved).then((fine) => {
      if (!fine && before) load.set(before);
    });
  };
  return (
    <section class="part">
      <h3>{t.roomAlerts}</h3>
      <p class="soft">{t.roomAlertsText}</p>
      <Loaded of={load}>
        {({ kinds }) => (
          <fieldset>
            <legend class="hidden">{t.roomAlerts}</legend>
            {KINDS.map((kind) => (
              <Check key={kind} label={t.roomKinds[kind] ?? kind} value={kinds.includes(kind)} onChange={(on) => set(on ? [...kinds, kind] : kinds.filter((k) => k !== kind))} />
            ))}
          </fieldset>
        )}
      </Loaded>
    </section>
  );
}
