// QR codes: shown as a picture that any camera reads, and read from a picture that somebody took. Fetched only when asked for.
import type { VNode } from "preact";
import encodeQR from "qr";
import decodeQR from "qr/decode.js";

const QUIET = 4;
/** A photograph holds far more than the reader needs; so many pixels along the longer side are enough. */
const LONGEST_PX = 1600;
const READ_MS = 2000;

/** The picture, or null for a text that no QR code can hold. Always dark on light: cameras expect it. */
export function Qr(props: { text: string; label: string }): VNode | null {
  let bits: boolean[][];
  try {
    bits = encodeQR(props.text, "raw", { ecc: "low", border: QUIET });
  } catch {
    return null;
  }
  const size = bits.length;
  // One path of horizontal runs: a square for each point would be thousands of elements.
  let path = "";
  bits.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x++;
      path += `M${from} ${y}h${x + 1 - from}v1h-${x + 1 - from}z`;
    }
  });
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={props.label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

/** What the QR code in a picture says, or null. */
export async function readPicture(file: Blob): Promise<string | null> {
  const image = await createImageBitmap(file).catch(() => null);
  if (!image) return null;
  const scale = Math.min(1, LONGEST_PX / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  if (!paint) return null;
  // A picture with see-through parts lies on white, as it would on paper.
  paint.fillStyle = "#fff";
  paint.fillRect(0, 0, width, height);
  paint.drawImage(image, 0, 0, width, height);
  image.close();
  try {
    return decodeQR({ width, height, data: paint.getImageData(0, 0, width, height).data }, { timeLimit: READ_MS, effort: 3 }) ?? null;
  } catch {
    return null;
  }
}
