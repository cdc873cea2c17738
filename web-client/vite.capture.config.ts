// Builds capture.js, capture.css and capture-worker.js beside what vite.config.ts has built. They share nothing with it:
// each is one file, so that the service worker knows all that the page needs.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    assetsInlineLimit: 0, // the Content-Security-Policy takes no data: fonts
    modulePreload: false,
    rollupOptions: {
      input: { capture: "src/capture/capture.ts", "capture-worker": "src/capture-worker/worker.ts" },
      output: {
        entryFileNames: "[name].js",
        assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "[name][extname]" : "fonts/[name][extname]"),
      },
    },
  },
});
