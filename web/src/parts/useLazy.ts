// Parts of the page that are fetched when they are first needed, and kept: a second visit shows them at once.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface Lazily<P> {
  Found: ComponentType<P> | undefined;
  failed: boolean;
  again: () => void;
}

/** Makes a hook over `parts`, a table of names and how to fetch each. */
export function lazily<P>(parts: Record<string, () => Promise<ComponentType<P>>>): (name: string) => Lazily<P> {
  const fetched = new Map<string, ComponentType<P>>();
  return (name) => {
    const [, redraw] = useState(0);
    const [failed, setFailed] = useState(false);
    const load = () => {
      setFailed(false);
      parts[name]?.().then(
        (part) => {
          fetched.set(name, part);
          redraw((n) => n + 1);
        },
        () => setFailed(true),
      );
    };
    useEffect(() => {
      if (!fetched.has(name)) load();
    }, [name]);
    return { Found: fetched.get(name), failed, again: load };
  };
}
