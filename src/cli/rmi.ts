import type { Command } from "commander";
import { readContainerUse } from "../image/container-use.ts";
import { digestHex } from "../image/digest.ts";
import { openStore } from "../image/store.ts";
import type { CommandContext } from "./command.ts";

/** `berth rmi`: names and images out of the store. */
export function define(command: Command, context: CommandContext): void {
  command
    .description("Remove images, and the layers that no other image or container needs.")
    .argument("<image...>", "name or ID")
    .option("-f, --force", "also when containers use the image, or it has several names")
    .addHelpText("after", "\nExample:\n  berth rmi docker.io/library/nginx:1.27")
    .action(async (images: string[], options: { force?: boolean }) => remove(images, options.force === true, context));
}

async function remove(images: readonly string[], force: boolean, context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../runtime/user-namespace.ts");
  enterUserNamespace(context.scope, context.env);
  const store = openStore(context.scope.stateDir);
  for (const image of images) {
    const removed = await store.remove(image, { force, uses: () => readContainerUse(context.scope.runtimeDir) });
    for (const name of removed.untagged) context.out(`Untagged: ${name}\n`);
    if (removed.deleted !== undefined) context.out(`Deleted: ${digestHex(removed.deleted)}\n`);
  }
}
