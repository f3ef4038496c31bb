// A list that is read page by page as somebody asks for more, and read again as far as it was opened when something changed.
import { useState } from "preact/hooks";
import type { Page } from "../api";
import { type Load, useLoad } from "./useLoad";

export function usePages<T>(read: (after: string | null) => Promise<Page<T>>, on: readonly unknown[]): Load<Page<T>> & { more: () => void } {
  const [pages, setPages] = useState(1);
  const load = useLoad(async () => {
    const items: T[] = [];
    let next: string | null = null;
    for (let n = 0; n < pages && (n === 0 || next !== null); n++) {
      const page: Page<T> = await read(next);
      items.push(...page.items);
      next = page.next;
    }
    return { items, next };
  }, [...on, pages]);
  return { ...load, more: () => setPages(pages + 1) };
}
