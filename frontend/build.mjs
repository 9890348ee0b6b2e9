// Fills static/dist (ignored by git) with what the pages load from npm packages, and draws the icon sprite.
// No bundler: every file is taken as its makers publish it, so that it runs under script-src 'self'; style-src 'self'.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const dist = join(root, "static", "dist");

const files = {
  "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
  "htmx.min.js": "htmx.org/dist/htmx.min.js",
  "uplot.min.js": "uplot/dist/uPlot.iife.min.js",
  "uplot.min.css": "uplot/dist/uPlot.min.css",
  "fonts/inter-latin-wght-normal.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "fonts/inter-latin-ext-wght-normal.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
  "fonts/newsreader-latin-500-normal.woff2": "@fontsource/newsreader/files/newsreader-latin-500-normal.woff2",
  "fonts/source-sans-3-latin-400-normal.woff2": "@fontsource/source-sans-3/files/source-sans-3-latin-400-normal.woff2",
  "fonts/source-sans-3-latin-600-normal.woff2": "@fontsource/source-sans-3/files/source-sans-3-latin-600-normal.woff2",
};

function copyAll() {
  for (const [target, source] of Object.entries(files)) {
    copyFileSync(join(modules, source), join(dist, target));
  }
}

function symbol(name) {
  const svg = readFileSync(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  const shapes = svg
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<\/?svg[^>]*>/g, "")
    .replace(/<path stroke="none"[^>]*>/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const pen = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${pen}>${shapes}</symbol>`;
}

function drawSprite() {
  const names = readFileSync(join(root, "frontend", "icons.txt"), "utf8").split("\n").filter(Boolean);
  const body = names.map(symbol).join("\n");
  writeFileSync(join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${body}\n</svg>\n`);
  return names.length;
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "fonts"), { recursive: true });
copyAll();
const drawn = drawSprite();
console.log(`static/dist: ${Object.keys(files).length} files, ${drawn} icons`);
