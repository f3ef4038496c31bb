// Writes a brotli and a gzip copy beside each text file of the build, so that the server never compresses while it answers.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(js|css|html|svg|json|txt)$/;
const SMALLEST_BYTES = 512;

function eachFile(folder: string, visit: (path: string) => void): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) eachFile(path, visit);
    else visit(path);
  }
}

export function compressed(): Plugin {
  let folder = "dist";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      // The folder itself is tracked (the binary embeds it), its content is not.
      writeFileSync(join(folder, ".gitkeep"), "");
      eachFile(folder, (path) => {
        const body = readFileSync(path);
        if (!TEXT.test(path) || body.length < SMALLEST_BYTES) return;
        const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        if (brotli.length < body.length) writeFileSync(`${path}.br`, brotli);
        const gzip = gzipSync(body, { level: 9 });
        if (gzip.length < body.length) writeFileSync(`${path}.gz`, gzip);
      });
    },
  };
}
