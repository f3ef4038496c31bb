// Which of the few whole-page states is shown.
import type { VNode } from "preact";
import { Confirming } from "../parts/Dialog";
import { Notices } from "../parts/States";
import { phase, start } from "../state/app";
import { route } from "../state/route";
import { w } from "../words";
import { FrontPage, Gate, Reset } from "./Front";
import { Shell } from "./Shell";

export function App(): VNode {
  return (
    <>
      <Screen />
      <Confirming />
      <Notices />
    </>
  );
}

function Screen(): VNode {
  const t = w.value;
  if (route.value.path[0] === "reset" && (phase.value === "in" || phase.value === "out")) return <Reset />;
  switch (phase.value) {
    case "starting":
      return (
        <main class="front" aria-busy="true">
          <h1 class="hidden">Chatelaine</h1>
          <span class="spinner" aria-hidden="true" />
          <span class="hidden" role="status">
            {t.loading}
          </span>
        </main>
      );
    case "unreachable":
      return (
        <FrontPage title={t.unreachable}>
          <p>{t.unreachableText}</p>
          <button
            type="button"
            class="button button-main"
            onClick={() => {
              phase.value = "starting";
              void start();
            }}
          >
            {t.tryAgain}
          </button>
        </FrontPage>
      );
    case "setup":
    case "out":
      return <Gate />;
    case "in":
      return <Shell />;
  }
}
