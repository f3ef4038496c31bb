// Marks outside the page: unread rooms in the title and on the tab's icon, and a desktop notification if the person asked for it.
import { effect } from "@preact/signals";
import { desktopNotes } from "./prefs";
import { unreadRooms } from "./rooms";

const SIZE = 64;
const PLAIN = "/favicon.svg";

export function startBadge(title: () => string): void {
  effect(() => {
    const n = unreadRooms.value;
    document.title = (n > 0 ? `(${n}) ` : "") + title();
    void badge(n);
  });
}

async function badge(n: number): Promise<void> {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (!link) return;
  if (n === 0) {
    if (!link.href.endsWith(PLAIN)) link.href = PLAIN;
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const paint = canvas.getContext("2d");
  if (!paint) return;
  const image = new Image(SIZE, SIZE);
  image.src = PLAIN;
  await image.decode().catch(() => {});
  if (unreadRooms.value !== n) return;
  paint.drawImage(image, 0, 0, SIZE, SIZE);
  paint.fillStyle = "#d32f2f";
  paint.beginPath();
  paint.arc(SIZE - 20, 20, 20, 0, Math.PI * 2);
  paint.fill();
  paint.fillStyle = "#fff";
  paint.font = "bold 28px sans-serif";
  paint.textAlign = "center";
  paint.textBaseline = "middle";
  paint.fillText(n > 9 ? "9+" : String(n), SIZE - 20, 22);
  link.href = canvas.toDataURL("image/png");
}

export function notifyDesktop(title: string, body: string, room: number): void {
  if (!desktopNotes.value || !("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  const note = new Notification(title, { body: body.slice(0, 200), tag: `room-${room}`, icon: PLAIN });
  note.onclick = () => {
    window.focus();
    location.hash = `/rooms/${room}`;
    note.close();
  };
}
