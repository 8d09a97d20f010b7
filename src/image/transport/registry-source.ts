import { parseReference, type Reference } from "../reference.ts";
import { connect, type RegistryConnection } from "../registry/connect.ts";
import { RETRIES } from "../registry/retry.ts";
import type { ImageSource } from "./image-source.ts";
import type { PullOptions } from "./pull.ts";

const STALL_TIMEOUT_MS = 60_000;

/** The registry of an image name. The caller closes the connection. */
export function connectTo(wanted: Reference, options: PullOptions, signal: AbortSignal): Promise<RegistryConnection> {
  return connect(wanted, {
    settings: options.registries,
    credentials: options.credentials,
    retries: options.retries ?? RETRIES,
    stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
    signal,
    onProgress: options.onProgress ?? (() => {}),
  });
}

/** The image of a registry under a tag or a digest. Closing it closes the connection. */
export async function openRegistrySource(
  name: string,
  options: PullOptions,
  signal: AbortSignal,
): Promise<ImageSource> {
  const wanted = parseReference(name);
  const { client, close } = await connectTo(wanted, options, signal);
  return {
    manifest: (which) => client.manifest(which ?? wanted.digest ?? wanted.tag ?? "latest"),
    blob: (blob) => client.blob(blob),
    close,
  };
}
