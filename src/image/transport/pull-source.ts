import { ImageError } from "../error.ts";

/** What an archive or a folder with an image in it is, by the name of its transport. */
export type ArchiveForm = "docker-archive" | "oci-archive" | "oci" | "dir";

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

const ARCHIVES: readonly string[] = ["docker-archive", "oci-archive", "oci", "dir"];
/** Transports of containers-transports(5) that lead to another engine's images. */
const OTHERS: readonly string[] = ["docker-daemon", "containers-storage", "ostree", "sif", "tarball"];

/**
 * Reads the name of an image with or without a transport (containers-transports(5)): `docker://NAME`, `NAME`,
 * `docker-archive:PATH[:NAME|:@INDEX]`, `oci-archive:PATH[:NAME]`, `oci:PATH[:NAME]`, `dir:PATH`. A path cannot hold a
 * colon there, but for that of `dir:`. Throws ImageError `bad-reference`, and `unsupported` for transports of other
 * engines.
 */
export function parsePullSource(text: string): PullSource {
  const colon = text.indexOf(":");
  const form = text.slice(0, Math.max(colon, 0));
  if (OTHERS.includes(form)) throw new ImageError("unsupported", `images are not taken from ${form}:`);
  if (!ARCHIVES.includes(form)) return { kind: "registry", reference: text };
  const rest = text.slice(colon + 1);
  const [path = "", ...more] = form === "dir" ? [rest] : rest.split(":");
  if (path === "") throw new ImageError("bad-reference", `image name ${JSON.stringify(text)}: it has no path`);
  return { kind: "archive", form: form as ArchiveForm, path, only: archivedImage(more.join(":")) };
}

function archivedImage(text: string): ArchivedImage | undefined {
  if (text === "") return undefined;
  return /^@\d{1,4}$/.test(text) ? { index: Number(text.slice(1)) } : { name: text };
}
