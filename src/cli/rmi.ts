import type { Command } from "commander";
import { readContainerUse } from "../image/container-use.ts";
import { digestHex } from "../image/digest.ts";
import { ImageError } from "../image/error.ts";
import { openStore } from "../image/store.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove images, and the layers that no other image or container needs.",
  details: [
    "An image that a container uses, or that has several names when it is given by ID, is only removed with `--force`. A running container keeps what it has mounted.",
  ],
  examples: [{ command: "berth rmi registry.example/web:1", help: "Remove one." }],
};

/** `berth rmi`: names and images out of the store. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<image...>", "name or ID")
    .option("-f, --force", "also when containers use the image, or it has several names")
    .action(async (images: string[], options: { force?: boolean }) => remove(images, options.force === true, context));
}

/** podman-rmi(1): an image that is not there, and one that is in use. */
const EXIT_CODES: Readonly<Record<string, number>> = { "not-found": 1, "in-use": 2 };

async function remove(images: readonly string[], force: boolean, context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../runtime/user-namespace.ts");
  enterUserNamespace(context.scope, context.env);
  const store = openStore(context.scope.stateDir);
  for (const image of images) {
    const uses = () => readContainerUse(context.scope.runtimeDir);
    const removed = await store.remove(image, { force, uses }).catch((error: unknown) => {
      const exitCode = error instanceof ImageError ? EXIT_CODES[error.code] : undefined;
      throw exitCode === undefined ? error : new CommandError((error as ImageError).message, exitCode);
    });
    for (const name of removed.untagged) context.out(`Untagged: ${name}\n`);
    if (removed.deleted !== undefined) context.out(`Deleted: ${digestHex(removed.deleted)}\n`);
  }
}
