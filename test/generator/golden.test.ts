import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeGenerated } from "../../src/generator/write.ts";
import { diagnosticsText, GOLDEN, generateCase, goldenCases, readTree } from "./golden-case.ts";

// Rewritten by `bun test/golden/update.ts`; look at the difference before committing it.
for (const name of goldenCases()) {
  test(`golden: ${name}`, () => {
    const output = mkdtempSync(join(tmpdir(), "berth-golden-"));
    try {
      const generated = generateCase(name);
      expect(writeGenerated(output, generated)).toEqual([]);
      const tree = { ...readTree(output), "diagnostics.txt": diagnosticsText(generated) };
      expect(tree).toEqual({ "diagnostics.txt": "", ...readTree(join(GOLDEN, name, "out")) });
    } finally {
      rmSync(output, { recursive: true });
    }
  });
}
