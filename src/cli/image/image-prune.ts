import type { Command } from "commander";
import { digestHex } from "../../image/document/digest.ts";
import { localCandidates, parseReferenceIfValid } from "../../image/reference.ts";
import { openStore, type StoredImage } from "../../image/store/store.ts";
import { readContainerUse } from "../../state/image-use.ts";
import { chooseBy, filterOption } from "../output/filters.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { confirmRemoval } from "../program/confirmation.ts";
import { installedNames } from "../units/installed-names.ts";
import { IMAGE_FILTERS } from "./images.ts";

interface Options {
  readonly all?: boolean;
  readonly filter: readonly string[];
  readonly force?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove the images that have lost their name, and print their IDs.",
  details: [
    "An image loses its name when another one is pulled by it. With `--all` images with names go as well. None goes that a container runs from, or has mounted (`Mount=type=image`), or that an installed file names (`Image=`).",
    "The names are shown and the question is asked, unless there is `--force`. Filters are those of `berth images`; of an image with several names every one has to match.",
  ],
  examples: [
    { command: "berth image prune", help: "Those without a name." },
    {
      command: "berth image prune --all --force --filter until=24h",
      help: "All unused ones that were built a day ago or before.",
    },
  ],
};

/** `berth image prune`. */
export function define(command: Command, context: CommandContext): void {
  command
    .option("-a, --all", "also images that have names")
    .addOption(filterOption("--filter <filter>"))
    .option("-f, --force", "do not ask")
    .action(async (options: Options) => prune(options, context));
}

async function prune({ all, filter, force }: Options, context: CommandContext): Promise<void> {
  const { scope, out } = context;
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const store = openStore(scope.stateDir);
  const uses = () => readContainerUse(scope);
  const named = installedNames(context).images((name) =>
    parseReferenceIfValid(name) === undefined ? [] : localCandidates(name),
  );
  const chosen = new Set(
    chooseBy(store.list(), filter, IMAGE_FILTERS)
      .filter(({ reference }) => reference === "" || (all && !named(reference)))
      .map(nameOf),
  );
  const unused = store.unused((image) => chosen.has(nameOf(image)), uses);
  // Also without images: a removal that was killed leaves blobs and layers that nothing refers to.
  if (!force && unused.length > 0 && !(await confirmRemoval("images", unused.map(nameOf), context))) return;
  for (const id of await store.prune(unused, uses)) out(`${digestHex(id)}\n`);
}

function nameOf({ reference, configDigest }: StoredImage): string {
  return reference === "" ? digestHex(configDigest) : reference;
}
