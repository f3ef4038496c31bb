// Fails the build when the script a first visit has to fetch (the entry and all it imports at once) is larger than the limit.
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

export function firstLoad(limit: { gzipBytes: number }): Plugin {
  return {
    name: "first-load",
    apply: "build",
    generateBundle(_options, bundle) {
      const wanted: string[] = [];
      const seen = new Set<string>();
      for (const item of Object.values(bundle)) if (item.type === "chunk" && item.isEntry) wanted.push(item.fileName);
      let bytes = 0;
      for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
        const item = bundle[name];
        if (seen.has(name) || item?.type !== "chunk") continue;
        seen.add(name);
        bytes += gzipSync(item.code, { level: 9 }).length;
        wanted.push(...item.imports);
      }
      const line = `first load: ${bytes} bytes of script after gzip in ${seen.size} file(s), limit ${limit.gzipBytes}`;
      if (bytes > limit.gzipBytes) this.error(line);
      this.info(line);
    },
  };
}
