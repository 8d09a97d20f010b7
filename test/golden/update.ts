import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeGenerated } from "../../src/generator/write.ts";
import { diagnosticsText, GOLDEN, generateCase, goldenCases } from "../generator/golden-case.ts";

// Rewrites the expected trees with what the generator makes now.
for (const name of goldenCases()) {
  const output = join(GOLDEN, name, "out");
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const generated = generateCase(name);
  for (const failure of writeGenerated(output, generated)) console.error(failure);
  const diagnostics = diagnosticsText(generated);
  if (diagnostics !== "") writeFileSync(join(output, "diagnostics.txt"), diagnostics);
}
