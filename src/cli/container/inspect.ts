import { type Command, Option } from "commander";
import { failedWith } from "../../error.ts";
import type { Scope } from "../../scope.ts";
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
      inspectEach(words, (word) => describe(context.scope, word, options.type), options, context),
    );
}

function describe(scope: Scope, word: string, type: Options["type"]): object {
  try {
    if (type !== "image") return describeContainer(scope, word);
  } catch (error) {
    const missing = failedWith(error, "no-such-container");
    if (!missing || type === "container") throw error;
  }
  try {
    return describeImage(scope, word);
  } catch (error) {
    throw type === "all" && error instanceof CommandError
      ? new CommandError(`no container and no image ${word}`, 125)
      : error;
  }
}
