import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the page's policy takes nothing inline
    sourcemap: true,
  },
  worker: { format: "es" },
});
