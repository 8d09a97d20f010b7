import { type Command, Option } from "commander";
import type { CommandContext } from "../program/command.ts";
import { forEachName, USUAL_EXIT_CODES } from "../program/for-each-name.ts";
import { renderTemplate } from "./go-template.ts";
import { formatJson, plainValue, withTemplate } from "./output-format.ts";

export interface InspectionOptions {
  readonly format: string;
}

/** `--format`, as all commands that inspect have it. */
export function addInspectionOptions(command: Command): Command {
  return command.addOption(
    new Option("-f, --format <format>", "json, or a template as in docker and podman: {{.Name}}").default("json"),
  );
}

/**
 * Prints what `describe` tells of each name: as JSON, or a line for each by a template. What there is is printed also
 * when others are not there; then it fails as `describe` did.
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
 * What is known of things as `--format` asks for it: texts as they are for programs, as they may be shown for a
 * terminal. Throws CommandError for a bad template.
 */
export function formatInspection(found: readonly object[], format: string, forTerminal: boolean): string {
  if (format === "json") return formatJson(found);
  const shown = forTerminal ? found.map(plainValue) : found;
  return withTemplate(format, format, "json", (template) =>
    shown.map((one) => `${renderTemplate(template, one)}\n`).join(""),
  );
}
