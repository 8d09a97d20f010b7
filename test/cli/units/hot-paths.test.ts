import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");

/** The packages that a file loads at once, itself or through the files that it imports. */
function packagesOf(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const imports = new Bun.Transpiler({ loader: "ts" }).scanImports(readFileSync(path));
  return imports
    .filter(({ kind }) => kind === "import-statement")
    .flatMap(({ path: name }) => {
      if (name.startsWith(".")) return name.endsWith(".ts") ? packagesOf(join(dirname(path), name), seen) : [];
      return /^(?:node|bun):/.test(name) ? [] : [name];
    });
}

test.each(["src/main.ts", "src/cli/container/run-container.ts", "src/cli/units/clean-up.ts"])(
  "%s, which every start or stop of a service loads, loads no package",
  (file) => {
    expect(packagesOf(join(ROOT, file))).toEqual([]);
  },
);

test("a command for people is seen to load one", () => {
  expect(packagesOf(join(ROOT, "src/cli/units/cleanup.ts"))).toContain("commander");
});
