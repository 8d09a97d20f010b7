import { type Command, Option } from "commander";
import type { CommandContext } from "../program/command.ts";
import { forEachName, USUAL_EXIT_CODES } from "../program/for-each-name.ts";
import { renderTemplate } from "./go-template.ts";
import { formatJson, plainValue, withTemplate } from "./output-format.ts";

export interface InspectionOptions {
  readonly format: string;
}

/** Adds `--format`, as all inspecting commands have it. */
export function addInspectionOptions(command: Command): Command {
  return command.addOption(
    new Option("-f, --format <format>", "json, or a template as in docker and podman: {{.Name}}").default("json"),
  );
}

/**
 * Prints the description of each name: as JSON, or by a template a line for each. After an error of `describe` it still
 * prints the other names, and then throws that error.
 */
export async function inspectEach(
  names: readonly string[],
  describe: (name: string) => object | Promise<object>,
  { format }: InspectionOptions,
  { out, outIsTerminal }: Pick<CommandContext, "out" | "outIsTerminal">,
): Promise<void> {
  const found: object[] = [];
  const failed = await forEachName(names, USUAL_EXIT_CODES, async (name) => {
    found.push(await describe(name));
  }).catch((error: unknown) => error);
  out(formatInspection(found, format, outIsTerminal()));
  if (failed !== undefined) throw failed;
}

/**
 * Descriptions in the format that `--format` requests. Control characters are escaped for a terminal only. Throws
 * CommandError for a bad template.
 */
export function formatInspection(found: readonly object[], format: string, forTerminal: boolean): string {
  if (format === "json") return formatJson(found);
  const shown = forTerminal ? found.map(plainValue) : found;
  return withTemplate(format, format, "json", (template) =>
    shown.map((one) => `${renderTemplate(template, one)}\n`).join(""),
  );
}
