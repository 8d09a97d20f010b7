import type { CommandTable } from "../cli/program/command-table.ts";
import { describeCommands } from "../cli/program/described-command.ts";
import { VERSION } from "../cli/program/version.ts";
import { commandPage } from "./command-page.ts";
import { GENERATOR_PAGE } from "./generator-page.ts";
import { overviewPage } from "./overview-page.ts";
import type { Page } from "./page.ts";
import { resourcePages } from "./resource-pages.ts";
import { formatPage } from "./roff.ts";
import { SETTINGS_PAGE } from "./settings-page.ts";
import { unitPage } from "./unit-page.ts";

/** The date in the pages: a constant, so that pages made twice are equal. */
const MANUAL_DATE = "2026-11-22";

/** A manual page as a file. */
export interface ManualFile {
  /** Without a folder: `berth-run.1`. */
  readonly name: string;
  readonly section: Page["section"];
  /** In the language of man(7). */
  readonly text: string;
}

/** All manual pages, made from the tables that the program uses. */
export async function manualFiles(table: CommandTable): Promise<ManualFile[]> {
  const commands = await describeCommands(table);
  const commandPages = commands
    .filter(({ sameAs }) => sameAs === undefined)
    .map((command) => {
      const others = commands.filter(({ sameAs }) => sameAs === command.name);
      const names = others.flatMap(({ name, otherNames }) => [name, ...otherNames]);
      return commandPage(command, [...command.otherNames, ...names]);
    });
  const pages = [
    overviewPage(commands),
    ...commandPages,
    unitPage(),
    ...resourcePages(),
    SETTINGS_PAGE,
    GENERATOR_PAGE,
  ];
  return pages.map((page) => ({
    name: `${page.name}.${page.section}`,
    section: page.section,
    text: formatPage(page, `berth ${VERSION}`, MANUAL_DATE),
  }));
}
