// Writes app/kits/mjml_schema.json: what the validator of the npm package mjml accepts, as data for the kit's check.
// Run `node frontend/mjml_schema.mjs` after a new version of mjml; with --print it only prints.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
require("mjml"); // registers all components and their places
const { components, initializeType } = require("mjml-core");
const { dependencies } = require("mjml-validator");

// Tags the validator lets pass without a component, and attributes it allows everywhere; both are constants inside its rules.
const COMPONENTLESS = ["mj-all", "mj-class", "mj-html-attribute", "mj-selector"];
const EVERYWHERE = ["css-class", "mj-class"];

const sorted = (entries) => Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

function patterns(type) {
  if (type.startsWith("boolean")) return ["^(true|false)$"];
  const Checker = initializeType(type);
  return new Checker("").matchers.map(({ source, flags }) => (flags.includes("i") ? `(?i:${source})` : source));
}

function component(Component) {
  return {
    attributes: sorted(Object.entries(Component.allowedAttributes ?? {})),
    ending: Boolean(Component.endingTag),
  };
}

const types = new Set(Object.values(components).flatMap((c) => Object.values(c.allowedAttributes ?? {})));
const children = ([tag, allowed]) => [tag, allowed.map((child) => (child instanceof RegExp ? "*" : child)).sort()];
const schema = {
  version: require("mjml/package.json").version,
  componentless: COMPONENTLESS,
  everywhere: EVERYWHERE,
  components: sorted(Object.entries(components).map(([tag, Component]) => [tag, component(Component)])),
  children: sorted(Object.entries(dependencies).map(children)),
  types: sorted([...types].map((type) => [type, patterns(type)])),
};

const text = `${JSON.stringify(schema, null, 1)}\n`;
const target = join(dirname(fileURLToPath(import.meta.url)), "..", "app", "kits", "mjml_schema.json");
if (process.argv.includes("--print")) process.stdout.write(text);
else writeFileSync(target, text);
