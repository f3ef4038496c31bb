// The page that an invitation link leads to.
import type { VNode } from "preact";
import * as api from "../api";
import { Face } from "../parts/Avatar";
import { Empty, Failed, Waiting } from "../parts/States";
import { useLoad } from "../parts/useLoad";
import { attempt, notify } from "../state/notices";
import { go, route } from "../state/route";
import { w } from "../words";
import { enterRoom } from "./Find";
import { Page } from "./Page";

export function Join(): VNode {
  const t = w.value;
  const token = route.value.path[1] ?? "";
  const link = useLoad(
    () =>
      api.previewLink(token).catch((error: unknown) => {
        if (error instanceof api.Problem && !error.passing) return "bad" as const;
        throw error;
      }),
    [token],
  );
  const found = link.value;
  if (found === null) return link.error ? <Failed text={link.error} again={link.again} /> : <Waiting />;
  if (found === "bad")
    return (
      <Empty icon="link" title={t.linkBad} text={t.linkBadText}>
        <a class="button" href="#/">
          {t.back}
        </a>
      </Empty>
    );
  const join = () =>
    void attempt(async () => {
      const answer = await api.joinByLink(token);
      if (answer.state === "joined") await enterRoom(found.room);
      else {
        notify("done", t.asked);
        go("/");
      }
    });
  return (
    <Page title={t.joinTitle(found.title)} back="/">
      <div class="hello">
        <Face id={found.room} name={found.title} picture={found.avatar} size="l" square />
        <div class="hello-text">
          <p class="hello-name">{found.title}</p>
          <p class="soft">{t.membersCount(found.members_count)}</p>
          {found.member && <p>{t.alreadyMember}</p>}
        </div>
      </div>
      {found.description && <p class="bio">{found.description}</p>}
      <div class="actions actions-left">
        {found.member ? (
          <button type="button" class="button button-main" onClick={() => void enterRoom(found.room)}>
            {t.openIt}
          </button>
        ) : (
          <button type="button" class="button button-main" onClick={join}>
            {t.join}
          </button>
        )}
        <a class="button" href="#/">
          {t.cancel}
        </a>
      </div>
    </Page>
  );
}
