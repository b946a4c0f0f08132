// Parse AsyncAPI documents with the official parser; prints the faults of each as JSON.

import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const ERROR_OR_WARNING = 1;
const faults = {};
for (const path of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
  faults[path] = diagnostics
    .filter((found) => found.severity <= ERROR_OR_WARNING)
    .map((found) => `${found.path.join("/")}: ${found.message}`);
  if (!document && faults[path].length === 0) faults[path].push("it cannot be parsed");
}
console.log(JSON.stringify(faults));
