import { type Command, Option } from "commander";
import { failedWith } from "../../error.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import type { UnitFacts } from "../../state/container-state.ts";
import { findContainer } from "../../state/find-container.ts";
import { describeImage } from "../image/image-inspect.ts";
import { addInspectionOptions, type InspectionOptions, inspectEach } from "../output/inspection.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { describeContainer } from "./container-description.ts";

interface Options extends InspectionOptions {
  readonly type: "all" | "container" | "image";
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of running containers and stored images, as JSON with podman's names.",
  details: [
    "A name that both have is the container's. For others there are `berth network inspect`, `berth pod inspect` and `berth volume inspect`.",
  ],
  examples: [
    { command: "berth inspect web", help: "The container of web.service, or of the name web." },
    { command: "berth inspect registry.example/web:1", help: "An image." },
    {
      command: "berth inspect web --format '{{.State.Pid}} {{.NetworkSettings.IPAddress}}'",
      help: "What is asked for.",
    },
  ],
};

/** `berth inspect`. */
export function define(command: Command, context: CommandContext): void {
  addInspectionOptions(command)
    .argument("<name...>", "containers or images")
    .addOption(new Option("-t, --type <type>", "what it is").choices(["all", "container", "image"]).default("all"))
    .action((words: string[], options: Options) =>
      inspectEach(words, (word) => describe(context, word, options.type), options, context),
    );
}

async function describe(context: CommandContext, word: string, type: Options["type"]): Promise<object> {
  const { scope } = context;
  try {
    if (type !== "image") {
      const record = findContainer(scope, word);
      return describeContainer(scope, record, await unitFacts(record, context));
    }
  } catch (error) {
    if (!failedWith(error, "no-such-container") || type === "container") throw error;
  }
  try {
    return describeImage(scope, word);
  } catch (error) {
    throw type === "all" && error instanceof CommandError
      ? new CommandError(`no container and no image ${word}`, 125)
      : error;
  }
}

/** A container's service as systemd sees it; undefined if it has none, or systemd cannot be reached from here. */
async function unitFacts({ unit }: ContainerRecord, context: CommandContext): Promise<UnitFacts | undefined> {
  if (unit === undefined) return undefined;
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  try {
    return await withManager(context.scope, context.env, async (manager) => (await manager.units([unit]))[0]);
  } catch (error) {
    if (failedWith(error, "systemd")) return undefined;
    throw error;
  }
}
