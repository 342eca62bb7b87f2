import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server puts a fresh nonce in place of the mark in each index.html it sends (web/page.go).
export default defineConfig({
  plugins: [react()],
  html: { cspNonce: "__CSP_NONCE__" },
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
