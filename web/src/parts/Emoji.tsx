// A small choice of emoji; the keyboard of the system has the rest.
import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { w } from "../words";
import { focusBack, Popover, rove } from "./Menu";

export const QUICK = ["👍", "❤️", "😂", "🎉", "😮", "😢"] as const;
const COLUMNS = 8;
const ALL = [
  ..."👍 👎 ❤️ 😂 🎉 😮 😢 🙏 😀 😄 😅 😊 🙂 😉 😍 😘 😎 🤔 😐 😴 😭 😡 🤯 🥳 🤗 🙄 😬 🤝 👏 🙌 💪 👌 ✌️ 👋 👀 🔥 ⭐ ✨ 💯 ✅ ❌ ❓ ❗ 💡 📌 📎 📷 🎁 ☕ 🍵 🍰 🍕 🍻 🌱 🌸 ☀️ 🌧️ 🌙 🚀 🚲 🏠 ⏰ 🔑 🐱".split(" "),
];

export function EmojiPicker(props: { anchor: Element | null; onPick: (emoji: string) => void; onClose: () => void }): VNode {
  const grid = useRef<HTMLDivElement>(null);
  return (
    <Popover anchor={props.anchor} label={w.value.chooseEmoji} onClose={props.onClose} class="emoji-panel">
      <div ref={grid} class="emoji-grid" onKeyDown={(e) => rove(e, grid.current, "button", "grid", COLUMNS)}>
        {ALL.map((e, i) => (
          <button
            key={e}
            type="button"
            tabIndex={i === 0 ? 0 : -1}
            onClick={() => {
              focusBack(props.anchor);
              props.onClose();
              props.onPick(e);
            }}
          >
            {e}
          </button>
        ))}
      </div>
    </Popover>
  );
}
