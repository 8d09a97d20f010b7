/**
 * Lists the tests of a run by name and suite, one a line and sorted, for comparing two runs:
 *
 *   bun scripts/testing/pairs.ts [FOLDER]     with the reports of a run; the last one's if left out
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../../test/host/root.ts";
import { pairName, readReport } from "./report.ts";

const folder = process.argv[2] ?? join(cacheDir(), "reports");
const reports = readdirSync(folder).filter((name) => name.endsWith(".xml"));
const pairs = reports.flatMap((name) => readReport(readFileSync(join(folder, name), "utf8")).map(pairName));
process.stdout.write(
  pairs
    .sort()
    .map((pair) => `${pair}\n`)
    .join(""),
);
