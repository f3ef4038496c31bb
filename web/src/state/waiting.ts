// What waits for an answer of the person: friend requests, invitations and offered machines, for the marks in the navigation.
import { signal } from "@preact/signals";
import * as api from "../api";

const count = signal({ friends: 0, invites: 0, offers: 0 });

async function read(): Promise<void> {
  const [requests, invites, offers] = await Promise.all([api.friendRequests().catch(() => null), api.invites().catch(() => null), api.machineOffers().catch(() => null)]);
  count.value = {
    friends: requests ? requests.items.filter((r) => r.direction === "in").length : count.value.friends,
    invites: invites ? invites.items.length : count.value.invites,
    offers: offers ? offers.items.length : count.value.offers,
  };
}

export const waitingFor = Object.assign(read, { count });
