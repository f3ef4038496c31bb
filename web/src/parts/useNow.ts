// The present moment, renewed now and then while somebody looks, so that "5 minutes ago" stays true and what no event tells
// (a heartbeat) is read again.
import { useEffect, useState } from "preact/hooks";

export function useNow(everyMs = 30_000): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && set(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
