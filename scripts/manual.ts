/**
 * Writes the manual pages into man/, from the tables: bun scripts/manual.ts
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualFiles } from "../src/manual/pages.ts";
import { COMMAND_TABLE } from "../src/setup/commands.ts";

const folder = join(import.meta.dir, "../man");
mkdirSync(folder, { recursive: true });
const files = await manualFiles(COMMAND_TABLE);
for (const old of readdirSync(folder)) if (!files.some(({ name }) => name === old)) rmSync(join(folder, old));
for (const { name, text } of files) writeFileSync(join(folder, name), text);
