// Small things kept in this browser. Storage may be forbidden or full: then they last as long as the page.
import type { Shelf } from "./outbox";

const memory = new Map<string, string>();

export const shelf: Shelf = {
  keys() {
    try {
      return Object.keys(localStorage);
    } catch {
      return [...memory.keys()];
    }
  },
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return memory.get(key) ?? null;
    }
  },
  set(key, value) {
    // A full storage throws: the outbox must know that it cannot keep its promise.
    localStorage.setItem(key, value);
  },
  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      memory.delete(key);
    }
  },
};

/** Keeps a value that may be lost without harm. */
export function keep(key: string, value: string | null): void {
  try {
    if (value === null) shelf.remove(key);
    else shelf.set(key, value);
  } catch {
    if (value !== null) memory.set(key, value);
  }
}
export const kept = (key: string): string | null => shelf.get(key);
