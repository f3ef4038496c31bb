// Reads something when a screen opens and again when one of `on` changes; a late answer to an old question is dropped.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { reason } from "../state/notices";

export interface Load<T> {
  value: T | null;
  error: string | null;
  again: () => void;
  set: (value: T) => void;
}

export function useLoad<T>(read: () => Promise<T>, on: readonly unknown[]): Load<T> {
  const [value, set] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const asked = useRef(0);
  useEffect(() => {
    const mine = ++asked.current;
    read().then(
      (got) => {
        if (mine !== asked.current) return;
        set(got);
        setError(null);
      },
      (problem: unknown) => {
        if (mine === asked.current) setError(reason(problem));
      },
    );
    return () => {
      asked.current++;
    };
  }, [...on, round]);
  return { value, error, again: useCallback(() => setRound((n) => n + 1), []), set };
}
