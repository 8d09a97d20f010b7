import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Generated, generate } from "../../src/generator/generate.ts";
import type { GenerateOptions } from "../../src/generator/making/context.ts";
import { findSources } from "../../src/generator/reading/search.ts";
import { formatDiagnostic } from "../../src/unit/diagnostic.ts";

/** Where the cases are: `NN-name/in` is a search directory, `NN-name/out` what has to come of it. */
export const GOLDEN = join(import.meta.dir, "../golden");
/** What stands for the input directory in the output, so that it is the same on every machine. */
const INSTALLED = "/etc/containers/systemd";

/** Names of the cases. */
export function goldenCases(): string[] {
  return readdirSync(GOLDEN).filter((name) => existsSync(join(GOLDEN, name, "in")));
}

/** Generates what a case has as its input. `options.json` in the case overrides the options. */
export function generateCase(name: string): Generated {
  const directory = realpathSync(join(GOLDEN, name, "in"));
  const overrides = join(GOLDEN, name, "options.json");
  const options: GenerateOptions = { scope: "system", berth: "/usr/local/bin/berth" };
  const sources = findSources([{ path: directory }]).map((source) => ({
    ...source,
    path: source.path.replace(directory, INSTALLED),
  }));
  return generate(
    sources,
    existsSync(overrides) ? { ...options, ...JSON.parse(readFileSync(overrides, "utf8")) } : options,
  );
}

/** What the output tree has to hold besides units and links. */
export function diagnosticsText(generated: Generated): string {
  return generated.diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic)} [${diagnostic.code}]\n`).join("");
}

/** A tree as data: path to content, or to `-> target` for a link. */
export function readTree(directory: string, prefix = ""): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of existsSync(directory) ? readdirSync(directory).sort() : []) {
    const path = join(directory, name);
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) tree[prefix + name] = `-> ${readlinkSync(path)}`;
    else if (stat.isDirectory()) Object.assign(tree, readTree(path, `${prefix}${name}/`));
    else tree[prefix + name] = readFileSync(path, "utf8");
  }
  return tree;
}
