import { type Command, Option } from "commander";
import { digestHex } from "../image/digest.ts";
import { parseReference, repositoryName } from "../image/reference.ts";
import { openStore, type StoredImage } from "../image/store.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { formatBytes } from "./format-bytes.ts";
import { formatTable } from "./table.ts";

interface Options {
  readonly format: "table" | "json";
  readonly digests?: boolean;
  readonly quiet?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List the images in the store.",
  examples: [
    { command: "berth images", help: "For people." },
    { command: "berth images --format json", help: "For programs." },
  ],
};

/** `berth images`: what is in the store. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[image]", "only this one")
    .addOption(new Option("--format <format>", "how to print").choices(["table", "json"]).default("table"))
    .option("--digests", "show the manifests' digests")
    .option("-q, --quiet", "print IDs only")
    .action((image: string | undefined, options: Options) => list(image, options, context));
}

function list(wanted: string | undefined, options: Options, context: CommandContext): void {
  const store = openStore(context.scope.stateDir);
  const only = wanted === undefined ? undefined : store.resolve(wanted);
  const images = store
    .list()
    .filter((image) => wanted === undefined || image.configDigest === only?.configDigest)
    .map((image) => ({ ...describe(image), size: store.transferSize(image) }));
  if (options.quiet) {
    context.out([...new Set(images.map(({ id }) => `${id.slice(0, 12)}\n`))].join(""));
    return;
  }
  if (options.format === "json") {
    context.out(`${JSON.stringify(images, null, 2)}\n`);
    return;
  }
  const rows = images.map(({ repository, tag, digest, id, created, size }) => [
    repository,
    tag,
    ...(options.digests ? [digest] : []),
    id.slice(0, 12),
    created.slice(0, 10),
    formatBytes(size),
  ]);
  const heading = ["REPOSITORY", "TAG", ...(options.digests ? ["DIGEST"] : []), "IMAGE ID", "CREATED", "SIZE"];
  context.out(formatTable(heading, rows));
}

function describe(image: StoredImage) {
  const name = image.reference === "" ? undefined : parseReference(image.reference);
  return {
    repository: name === undefined ? "<none>" : repositoryName(name),
    tag: name?.tag ?? "<none>",
    reference: image.reference,
    id: digestHex(image.configDigest),
    digest: image.manifestDigest,
    created: image.config.created,
    architecture: image.config.architecture,
    layers: image.layers,
  };
}
