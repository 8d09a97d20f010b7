/**
 * Writes the section of docs/compatibility.md that is made from the table of differences: bun test/host/parity-page.ts
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DIFFERENCES } from "./parity-differences.ts";

const PAGE = join(import.meta.dir, "../../docs/compatibility.md");
const BEGIN = "<!-- Made by test/host/parity-page.ts from test/host/parity-differences.ts -->\n";
const END = "<!-- End of what is made -->\n";

/** The table of differences in Markdown. */
export function differencesTable(): string {
  const rows = DIFFERENCES.map(({ what, podman, berth, reason }) => `| ${what} | ${podman} | ${berth} | ${reason} |\n`);
  return `| | Podman 5.4 | berth | why |\n|---|---|---|---|\n${rows.join("")}`;
}

/** The table that the page holds now. */
export async function tableOnPage(): Promise<string | undefined> {
  const text = await readFile(PAGE, "utf8");
  return text.split(BEGIN)[1]?.split(END)[0];
}

if (import.meta.main) {
  const text = await readFile(PAGE, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  await writeFile(PAGE, `${before}${BEGIN}${differencesTable()}${END}${rest.split(END)[1] ?? ""}`);
}
