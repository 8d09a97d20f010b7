import type { OnProgress } from "../progress.ts";
import { parseReference, type Reference } from "../reference.ts";
import type { Credentials } from "../registry/auth.ts";
import { connect, type RegistryConnection, type RegistrySettings } from "../registry/connect.ts";
import { RETRIES, type RetryPolicy } from "../registry/retry.ts";
import type { ImageSource } from "./image-source.ts";

/** How registries are reached. */
export interface RegistryOptions {
  readonly registries: RegistrySettings;
  /** In place of what the authentication files say. */
  readonly credentials?: Credentials;
  readonly onProgress?: OnProgress;
  /** Longest silence of a registry, in milliseconds; default 60,000. */
  readonly stallTimeoutMs?: number;
  readonly retries?: RetryPolicy;
}

const STALL_TIMEOUT_MS = 60_000;

/** The registry of an image name. The caller closes the connection. */
export function connectTo(
  wanted: Reference,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<RegistryConnection> {
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
  options: RegistryOptions,
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
