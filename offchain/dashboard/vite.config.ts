import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the page's policy takes nothing inline
    sourcemap: true,
    manifest: "files.json", // which file loads which, for size.mjs
  },
  worker: { format: "es" },
});
