import type { Command } from "commander";
import { digestHex } from "../../image/document/digest.ts";
import type { ImageConfig } from "../../image/document/image-config.ts";
import { parseReferenceIfValid, repositoryName } from "../../image/reference.ts";
import { openStore, type Store, type StoredImage, type StoredIndex } from "../../image/store/store.ts";
import { chooseBy, type FilterKinds, isTrue, labelFilters, timeOf } from "../output/filters.ts";
import { formatAge } from "../output/format-age.ts";
import { formatBytes } from "../output/format-bytes.ts";
import {
  addListingOptions,
  formatListing,
  type Listing,
  type ListingOptions,
  shortId,
  templateFields,
} from "../output/output-format.ts";
import { plainText } from "../output/plain-text.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { repoDigests } from "./repo-digests.ts";

interface Options extends ListingOptions {
  readonly digests?: boolean;
}

/** The members of an image that a row shows, or of an index that has none for this machine. */
interface Listed extends Pick<StoredImage, "reference" | "configDigest" | "manifestDigest"> {
  readonly config: Pick<ImageConfig, "created" | "architecture" | "os" | "labels">;
}

/** A name in the store, or an image without one. */
interface Row {
  readonly image: Listed;
  /** Bytes in transfer. */
  readonly size: number;
  /** The image, the same for all of its names, as podman has it. */
  readonly json: object;
}

const LISTING: Listing<Row> = {
  headings: {
    Repository: "REPOSITORY",
    Tag: "TAG",
    ID: "IMAGE ID",
    Created: "CREATED",
    Size: "SIZE",
    Arch: "ARCH",
    CreatedAt: "CREATED AT",
    CreatedSince: "CREATED",
    Digest: "DIGEST",
    Label: "LABEL",
    Labels: "LABELS",
    Names: "NAMES",
    Os: "OS",
  },
  fieldsOf: ({ image, size }, whole) => {
    const { reference, configDigest, manifestDigest, config } = image;
    const name = parseReferenceIfValid(reference);
    const age = Number.isNaN(Date.parse(config.created)) ? "" : `${formatAge(config.created)} ago`;
    return {
      Repository: name === undefined ? reference || "<none>" : repositoryName(name),
      Tag: name?.tag ?? "<none>",
      ID: shortId(digestHex(configDigest), whole),
      Created: age,
      Size: formatBytes(size),
      Arch: config.architecture,
      CreatedAt: config.created,
      CreatedSince: age,
      Digest: manifestDigest,
      Label: (key: string) => config.labels[key] ?? "",
      Labels: config.labels,
      Names: reference,
      Os: config.os,
    };
  },
  columns: ["Repository", "Tag", "ID", "Created", "Size"],
  jsonOf: ({ json }) => json,
  idOf: ({ image }, whole) => shortId(digestHex(image.configDigest), whole),
};

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List the images in the store.",
  details: [
    "Filters: `dangling=true` (without a name), `id=` (its beginning), `label=KEY[=VALUE]`, `label!=`, `reference=` (a name with `*`), `until=TIME`. Of several of one kind any may match, labels all have to.",
    templateFields(LISTING),
  ],
  examples: [
    { command: "berth images", help: "For people." },
    { command: "berth images --format json", help: "For programs." },
    { command: "berth images --format 'table {{.Repository}}:{{.Tag}}\\t{{.Size}}'", help: "What is asked for." },
  ],
};

/** `berth images`: lists the store. */
export function define(command: Command, context: CommandContext): void {
  command.argument("[image]", "only this one");
  addListingOptions(command, "IDs only", "whole IDs");
  command.option("-a, --all", "all of them, as without: there are no hidden ones");
  command
    .option("--digests", "show the manifests' digests")
    .action((image: string | undefined, options: Options) => list(image, options, context));
}

function list(wanted: string | undefined, options: Options, context: CommandContext): void {
  const store = openStore(context.scope.stateDir);
  const only = wanted === undefined ? undefined : store.idOf(wanted);
  const chosen = <T extends Listed>(all: readonly T[]): T[] =>
    chooseBy(
      all.filter(({ configDigest }) => wanted === undefined || configDigest === only),
      options.filter,
      IMAGE_FILTERS,
    );
  const { images, indexes, problems } = store.survey();
  for (const { message } of problems) context.err(`berth: warning: ${plainText(message)} (berth verify says more)\n`);
  const rows = [...rowsOf(store, chosen(images)), ...indexes.flatMap((index) => indexRows(index, chosen))];
  context.out(formatListing(rows, options.digests ? WITH_DIGESTS : LISTING, options));
}

/** Filters of images, as in podman-images(1). */
export const IMAGE_FILTERS: FilterKinds<Listed> = {
  dangling: ({ reference }, value) => (reference === "") === isTrue(value),
  id: ({ configDigest }, value) => digestHex(configDigest).startsWith(value.replace(/^sha256:/, "")),
  ...labelFilters<Listed>(({ config }) => config.labels),
  reference: ({ reference }, value) => isCalled(reference, value),
  until: ({ config }, value) => Date.parse(config.created) < timeOf(value),
};

/** Whether the last parts of a name, with the tag or without, fit a pattern: `web`, `shop/*`, `*:1`. */
function isCalled(reference: string, pattern: string): boolean {
  const words = pattern.split("*").map((word) => word.replace(/[\\^$.+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`(^|/)${words.join("[^/]*")}([:@][^/]*)?$`).test(reference);
}

function rowsOf(store: Store, images: readonly StoredImage[]): Row[] {
  const found = new Map<string, Pick<Row, "json" | "size">>();
  return images.map((image) => {
    const same = images.filter(({ configDigest }) => configDigest === image.configDigest);
    const facts = found.get(image.configDigest) ?? describe(image, same, store.transferSize(image));
    found.set(image.configDigest, facts);
    return { image, ...facts };
  });
}

/** An index without an image for this machine: it can be seen and removed, and has nothing else to show. */
function indexRows({ reference, digest, size }: StoredIndex, chosen: (all: readonly Listed[]) => Listed[]): Row[] {
  const config = { created: "", architecture: "", os: "", labels: {} };
  const rows = chosen([{ reference, configDigest: digest, manifestDigest: digest, config }]);
  return rows.map((image) => {
    const { json } = describe(image, [image], size);
    return { image, size, json: { ...json, IsManifestList: true } };
  });
}

function describe(
  { configDigest, manifestDigest, config }: Listed,
  same: readonly Listed[],
  size: number,
): Pick<Row, "json" | "size"> {
  const names = same.flatMap(({ reference }) => (reference === "" ? [] : [reference]));
  const json = {
    Id: digestHex(configDigest),
    RepoTags: names.filter((name) => !name.includes("@")),
    RepoDigests: repoDigests(names, manifestDigest),
    Names: names,
    Digest: manifestDigest,
    Created: Math.floor((Date.parse(config.created) || 0) / 1000),
    CreatedAt: config.created,
    Arch: config.architecture,
    Os: config.os,
    Labels: config.labels,
    Size: size,
  };
  return { json, size };
}

const WITH_DIGESTS: Listing<Row> = { ...LISTING, columns: ["Repository", "Tag", "Digest", "ID", "Created", "Size"] };
