import type { Reference } from "../reference.ts";
import type { RegistryConnection } from "../registry/connect.ts";
import type { ImageSource } from "./image-source.ts";

/** The image of a registry under a tag or a digest. Closing it closes the connection. */
export function registrySource(reference: Reference, { client, close }: RegistryConnection): ImageSource {
  return {
    manifest: (which) => client.manifest(which ?? reference.digest ?? reference.tag ?? "latest"),
    blob: (blob) => client.blob(blob),
    close,
  };
}
