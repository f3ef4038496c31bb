// The frame of everything behind the sign-in: the places to go, the room list, and one screen beside it. On a phone one at a time.
import { signal } from "@preact/signals";
import { type ComponentChildren, type ComponentType, type VNode } from "preact";
import { useEffect } from "preact/hooks";
import { LineBanner, Failed, Waiting } from "../parts/States";
import { Icon, type IconName } from "../parts/Icon";
import { PersonFace } from "../parts/Avatar";
import { lazily } from "../parts/useLazy";
import { changed, isAdmin, me, server } from "../state/app";
import { person } from "../state/people";
import { loadRooms, unreadRooms } from "../state/rooms";
import { numberAt, route } from "../state/route";
import { waitingFor } from "../state/waiting";
import { w } from "../words";
import { Mark } from "./Front";
import { Room } from "./Room";
import { RoomList } from "./RoomList";

const screens: Record<string, () => Promise<ComponentType<object>>> = {
  friends: async () => (await import("./Friends")).Friends,
  find: async () => (await import("./Find")).Find,
  me: async () => (await import("./Me")).MePage,
  admin: async () => (await import("./Admin")).Admin,
  join: async () => (await import("./Join")).Join,
  people: async () => (await import("./Person")).Person,
  invites: async () => (await import("./Invites")).Invites,
  machines: async () => (await import("./machines/Machines")).Machines,
};
const useScreen = lazily(screens);

function Lazy(props: { name: string }): VNode {
  const { Found, failed, again } = useScreen(props.name);
  if (Found) return <Found />;
  return failed ? <Failed text={w.value.offlineError} again={again} /> : <Waiting />;
}

export function Shell(): VNode {
  const r = route.value;
  const place = r.path[0] ?? "";
  const room = place === "rooms" ? numberAt(r, 1) : null;
  const t = w.value;
  useEffect(() => void loadRooms(), []);
  useEffect(() => void waitingFor(), [changed.friends.value, changed.invites.value, changed.machines.value]);
  const home = place === "" || (place === "rooms" && room === null);
  // On a phone the list is all there is to see at home.
  const listFirst = home && narrow.value;
  return (
    <div class={`shell ${home ? "at-home" : "at-screen"} ${room !== null ? "in-room" : ""}`}>
      <a class="skip" href="#main" onClick={skip}>
        {t.skip}
      </a>
      <Places at={place} />
      <section class="list-pane" aria-label={t.chats} role={listFirst ? "main" : undefined} id={listFirst ? "main" : undefined} tabIndex={listFirst ? -1 : undefined}>
        {listFirst && <LineBanner />}
        <RoomList current={room} />
      </section>
      <main class="main-pane" id={listFirst ? undefined : "main"} tabIndex={-1}>
        {narrow.value && !home && <h1 class="hidden">{server.value?.name ?? "Chatelaine"}</h1>}
        {!listFirst && <LineBanner />}
        {room !== null ? <Room key={room} id={room} /> : screens[place] ? <Lazy key={place} name={place} /> : <Welcome />}
      </main>
    </div>
  );
}

const phone = matchMedia("(max-width: 760px)");
const narrow = signal(phone.matches);
phone.addEventListener("change", () => {
  narrow.value = phone.matches;
});

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Welcome(): VNode {
  const t = w.value;
  return (
    <div class="empty welcome">
      <Mark />
      <h2>{t.welcome(me.value?.display_name ?? "")}</h2>
      <p>{t.welcomeText}</p>
      <p class="welcome-ways">
        <a class="button" href="#/find">
          <Icon name="find" /> {t.findRooms}
        </a>
        <a class="button" href="#/friends">
          <Icon name="friends" /> {t.findFriends}
        </a>
      </p>
    </div>
  );
}

function Places(props: { at: string }): VNode {
  const t = w.value;
  const asks = waitingFor.count.value;
  return (
    <nav class="places" aria-label={t.places}>
      <Place to="/" icon="chats" text={t.chats} here={props.at === "" || props.at === "rooms"} mark={unreadRooms.value} />
      <Place to="/friends" icon="friends" text={t.friends} here={props.at === "friends" || props.at === "people"} mark={asks.friends} />
      <Place to="/find" icon="find" text={t.find} here={props.at === "find"} />
      <Place to="/machines" icon="machine" text={t.machines} here={props.at === "machines"} mark={asks.offers} />
      {isAdmin() && <Place to="/admin" icon="admin" text={t.admin} here={props.at === "admin"} />}
      <Place to="/me" icon="me" text={t.me} here={props.at === "me"}>
        {me.value && <PersonFace of={person(me.value.id).value} size="s" />}
      </Place>
    </nav>
  );
}

function Place(props: { to: string; icon: IconName; text: string; here: boolean; mark?: number; children?: ComponentChildren }): VNode {
  return (
    <a class="place" href={`#${props.to}`} aria-current={props.here ? "page" : undefined}>
      <span class="place-icon">
        {props.children || <Icon name={props.icon} />}
        {!!props.mark && (
          <span class="count count-corner">
            <span aria-hidden="true">{props.mark > 99 ? "99+" : props.mark}</span>
            <span class="hidden">{w.value.unreadCount(props.mark)}</span>
          </span>
        )}
      </span>
      <span class="place-text">{props.text}</span>
    </a>
  );
}
