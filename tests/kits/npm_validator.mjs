// What the validator of the npm package mjml says of each MJML text in a JSON list on stdin: [[line, tag, message], …] for each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../node_modules/mjml/package.json", import.meta.url));
require("mjml");
const { components, initializeType } = require("mjml-core");
const parse = require("mjml-parser-xml");
const { default: validate, dependencies } = require("mjml-validator");

const said = (text) => {
  const tree = parse(text, { components, ignoreIncludes: true, keepComments: false });
  return validate(tree, { components, dependencies, initializeType }).map((e) => [e.line, e.tagName, e.message]);
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(said)));
