// Where the person is, kept behind the `#`: the server need not know these places, and an invitation's token never reaches its log.
import { signal } from "@preact/signals";

export interface Route {
  path: string[];
  query: URLSearchParams;
}

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(safeDecode), query: new URLSearchParams(query) };
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal<Route>(parse(location.hash));
addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

/** Goes to a place, `how` says whether the back button leads here again. */
export function go(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") location.hash = path;
  else {
    history.replaceState(null, "", `#${path}`);
    route.value = parse(`#${path}`);
  }
}

/** The number in the second place of the path, as in `rooms/12`. */
export function numberAt(r: Route, place: number): number | null {
  const n = Number(r.path[place]);
  return Number.isSafeInteger(n) && n > 0 ? n : null;
}
