// Builds app.js, app.css and theme.js under fixed names: the program embeds them and adds a hash to their address.
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
      input: { app: "src/app.ts", theme: "src/theme.ts" },
      output: {
        entryFileNames: "[name].js",
        assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "app.css" : "fonts/[name][extname]"),
      },
    },
  },
});
