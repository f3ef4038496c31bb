// Invitations of other people to their groups.
import type { VNode } from "preact";
import * as api from "../api";
import { PersonRow } from "../parts/People";
import { Empty, Loaded } from "../parts/States";
import { useLoad } from "../parts/useLoad";
import { changed } from "../state/app";
import { attempt } from "../state/notices";
import { nameOf } from "../state/people";
import { w } from "../words";
import { enterRoom } from "./Find";
import { Page } from "./Page";

export function Invites(): VNode {
  const t = w.value;
  const list = useLoad(api.invites, [changed.invites.value]);
  return (
    <Page title={t.invites} back="/">
      <Loaded of={list}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty icon="mail" title={t.noInvites} text={t.noInvitesText} />
          ) : (
            <ul class="box">
              {page.items.map((i) => (
                <PersonRow key={i.id} of={i.inviter} note={[i.room_title, t.invitesYou(nameOf(i.inviter)), i.note].filter(Boolean).join(" · ")}>
                  <button
                    type="button"
                    class="button button-small button-main"
                    onClick={() =>
                      void attempt(async () => {
                        const answer = await api.answerInvite(i.id, "accept");
                        changed.invites.value++;
                        if (answer?.state === "joined") await enterRoom(i.room);
                      })
                    }
                  >
                    {t.accept}
                  </button>
                  <button type="button" class="button button-small" onClick={() => void attempt(() => api.answerInvite(i.id, "decline")).then(() => changed.invites.value++)}>
                    {t.decline}
                  </button>
                </PersonRow>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}
