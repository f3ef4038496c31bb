// How the interface is built: one entry, lazy screens beside it, every file also as .br and .gz, and a limit on the first load.
import { defineConfig } from "vitest/config";
import { compressed } from "./build/compressed.ts";
import { firstLoad } from "./build/first-load.ts";

export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: false,
  },
  plugins: [firstLoad({ gzipBytes: 60 * 1024 }), compressed()],
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
