// Builds app.js, app.css, theme.js and upload.js under fixed names: the program embeds them and adds a hash to their address.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    outDir: "dist",
    target: "es2022",
    assetsInlineLimit: 0, // the Content-Security-Policy takes no data: fonts
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      input: { app: "src/app.ts", theme: "src/theme.ts", upload: "src/upload.ts" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "parts/[name]-[hash].js", // what several of them share
        assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "app.css" : "fonts/[name][extname]"),
      },
    },
  },
});
