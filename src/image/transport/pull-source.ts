import { ImageError } from "../error.ts";

const ARCHIVES = ["docker-archive", "oci-archive", "oci", "dir"] as const;

/** What an archive or a folder with an image in it is, by the name of its transport. */
export type ArchiveForm = (typeof ARCHIVES)[number];

/** Where an image comes from: a registry, or a file or folder of this machine. */
export type PullSource =
  | { readonly kind: "registry"; readonly reference: string }
  | {
      readonly kind: "archive";
      readonly form: ArchiveForm;
      readonly path: string;
      readonly only: ArchivedImage | undefined;
    };

/** One image of several in an archive, by its name or by its place from 0. */
export type ArchivedImage = { readonly name: string } | { readonly index: number };

/** Transports of containers-transports(5) that lead to another engine's images. */
const OTHERS: readonly string[] = ["docker-daemon", "containers-storage", "ostree", "sif", "tarball"];

/**
 * Reads the name of an image with or without a transport (containers-transports(5)): `docker://NAME`, `NAME`,
 * `docker-archive:PATH[:NAME|:@INDEX]`, `oci-archive:PATH[:NAME]`, `oci:PATH[:NAME]`, `dir:PATH`. A path cannot hold a
 * colon there, but for that of `dir:`. Throws ImageError `bad-reference`, and `unsupported` for transports of other
 * engines.
 */
export function parsePullSource(text: string): PullSource {
  const [word = ""] = text.split(":", 1);
  if (OTHERS.includes(word) && word !== text) throw new ImageError("unsupported", `images are not taken from ${word}:`);
  const form = archiveForm(text);
  if (form === undefined) return { kind: "registry", reference: text };
  const rest = text.slice(form.length + 1);
  const [path = "", ...more] = form === "dir" ? [rest] : rest.split(":");
  if (path === "") throw new ImageError("bad-reference", `image name ${JSON.stringify(text)}: it has no path`);
  return { kind: "archive", form, path, only: archivedImage(more.join(":")) };
}

/** Whether a name says that its image is in a file or folder of this machine. */
export function isArchiveName(text: string): boolean {
  return archiveForm(text) !== undefined;
}

function archiveForm(text: string): ArchiveForm | undefined {
  return ARCHIVES.find((form) => text.startsWith(`${form}:`));
}

function archivedImage(text: string): ArchivedImage | undefined {
  if (text === "") return undefined;
  return /^@\d{1,4}$/.test(text) ? { index: Number(text.slice(1)) } : { name: text };
}
