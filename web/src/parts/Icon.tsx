// Our own line icons. Always beside a text or inside a labelled button, hence hidden from screen readers.
import type { VNode } from "preact";

const PATHS = {
  chats: "M4 5h16v11H9l-5 4z",
  friends: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c.4-4 3-6 6.500-6s6.100 2 6.500 6M16 4.500a3.300 3.300 0 0 1 0 6.200M18 14.500c2 .8 3.200 2.600 3.500 5.500",
  find: "M10.500 17.500a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5",
  me: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21c.6-4.500 3.600-7 8-7s7.400 2.500 8 7",
  admin: "M12 3l8 3v6c0 5-3.500 8-8 9.500C7.500 20 4 17 4 12V6zM9 12l2 2 4-4",
  plus: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12l16-8-6 16-3-6z",
  attach: "M8 12.500l6-6a3 3 0 0 1 4.300 4.300l-8 8a5 5 0 0 1-7-7l7.500-7.500",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M8.500 14.500c1.800 2.400 5.200 2.400 7 0M9 9.500v.5M15 9.500v.5",
  reply: "M10 6l-6 5 6 5v-3.500c4.500 0 7.500 1 10 4.500-.5-5.500-4-8.500-10-8.500z",
  more: "M6 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0M13 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0M20 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0",
  edit: "M4 20l1-4L16.500 4.500l3 3L8 19zM14 7l3 3",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.500l5 5L20 7",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3.500 2",
  warn: "M12 4l9.500 16h-19zM12 10v4.500M12 17.500v.1",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  download: "M12 4v11m-4.500-4.500L12 15l4.500-4.500M5 20h14",
  members: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7M2.500 20c.4-4 3-6 6.500-6s6.100 2 6.500 6M17 8h5M17 12h5",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5M8 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  down: "M6 9l6 6 6-6",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4.200 4.200 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4.200 4.200 0 0 0 6 6l1-1",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 20.500h4",
  mute: "M6 16V11a6 6 0 0 1 9-5.200M18 11v5l2 2H8M10 20.500h4M4 4l16 16",
  at: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8m4-8v5.500c0 3 4.500 3 4.500-1.500a8.500 8.500 0 1 0-3.500 6.900",
  mail: "M3 6h18v12H3zM3 7l9 6 9-6",
  retry: "M20 12a8 8 0 1 1-2.500-5.800M20 3v4.500h-4.500",
  leave: "M10 4H5v16h5M10 12h10m-4-4l4 4-4 4",
  machine: "M3 4h18v12H3zM9 20h6M12 16v4",
  ban: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M5.700 5.700l12.600 12.600",
  key: "M8 16a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9M12.500 11.500H21v4M17 11.500v3",
  swap: "M4 8h15l-4-4M20 16H5l4 4",
  flag: "M6 21V4h12l-2.500 4L18 12H6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon(props: { name: IconName; class?: string }): VNode {
  return (
    <svg class={`icon ${props.class ?? ""}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[props.name]} />
    </svg>
  );
}

/** A button that shows only an icon; its label is read out and shown as a tip. */
export function IconButton(props: { name: IconName; label: string; onClick: (event: MouseEvent) => void; class?: string; pressed?: boolean; tab?: number; disabled?: boolean }): VNode {
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ""}`}
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      tabIndex={props.tab}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <Icon name={props.name} />
    </button>
  );
}
