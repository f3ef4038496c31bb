// Start of the page: language and theme first, then the first screen, then the question who is there.
import { render } from "preact";
import { server, start } from "./state/app";
import { startBadge } from "./state/badge";
import { startPrefs } from "./state/prefs";
import { App } from "./views/App";

await startPrefs();
const root = document.getElementById("app");
if (root) render(<App />, root);
startBadge(() => server.value?.name ?? "Chatelaine");
await start();
