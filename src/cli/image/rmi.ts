import type { Command } from "commander";
import { digestHex } from "../../image/document/digest.ts";
import { ImageError } from "../../image/error.ts";
import { openStore } from "../../image/store/store.ts";
import { readContainerUse } from "../../state/image-use.ts";
import { plainText } from "../output/plain-text.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { describeFailure } from "../program/failure.ts";
import { forEachName } from "../program/for-each-name.ts";
import { completeId } from "./short-id.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove images, and the layers that no other image or container needs.",
  details: [
    "An image that a container uses, or that has several names when it is given by ID, is only removed with `--force`. A running container keeps what it has mounted.",
  ],
  examples: [{ command: "berth rmi registry.example/web:1", help: "Remove one." }],
};

interface Options {
  readonly force?: boolean;
  readonly ignore?: boolean;
}

/** `berth rmi`: names and images out of the store. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<image...>", "name or ID")
    .option("-f, --force", "also when containers use the image, or it has several names")
    .option("-i, --ignore", "do not fail for an image that there is not")
    .action(async (images: string[], options: Options) => remove(images, options, context));
}

/** podman-rmi(1): an image that is not there, and one that is in use. */
const EXIT_CODES: Readonly<Record<string, number>> = { "not-found": 1, "in-use": 2 };

async function remove(images: readonly string[], { force, ignore }: Options, context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const store = openStore(context.scope.stateDir);
  const uses = () => readContainerUse(context.scope);
  await forEachName(images, {}, async (image) => {
    try {
      const removed = await store.remove(completeId(store, image), { force: force === true, uses });
      for (const name of removed.untagged) context.out(`Untagged: ${plainText(name)}\n`);
      if (removed.deleted !== undefined) context.out(`Deleted: ${digestHex(removed.deleted)}\n`);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      if (ignore && error.code === "not-found") return;
      throw new CommandError(describeFailure(error), EXIT_CODES[error.code] ?? 125);
    }
  });
}
