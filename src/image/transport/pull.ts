import type { KeyObject } from "node:crypto";
import type { PullPolicy } from "../../options/values/pull.ts";
import type { Platform } from "../document/manifest.ts";
import { isForPlatform, platformOf } from "../document/platform.ts";
import { ImageError, type ImageErrorCode, reasonOf, withContext } from "../error.ts";
import { LAYER_LIMITS, type LayerLimits } from "../layer/limits.ts";
import type { OnProgress } from "../progress.ts";
import { formatReference, isImageId, parseReference, type Reference, repositoryName } from "../reference.ts";
import type { Credentials } from "../registry/auth.ts";
import { connect, type RegistryConnection, type RegistrySettings } from "../registry/connect.ts";
import { RETRIES, type RetryPolicy } from "../registry/retry.ts";
import type { Store, StoredImage } from "../store/store.ts";
import { openStoreDestination } from "../store/store-destination.ts";
import { copyImage, findImage } from "./copy.ts";
import type { ImageSource } from "./image-source.ts";
import { registrySource } from "./registry-source.ts";

export interface PullOptions {
  readonly store: Store;
  /** Asked for the image's files; default: this machine's. */
  readonly platform?: Platform;
  /** Default `always`. `newer` asks the registry and keeps the local image when there is no other, or no answer. */
  readonly policy?: PullPolicy;
  readonly registries: RegistrySettings;
  /** In place of what the authentication files say. */
  readonly credentials?: Credentials;
  /** Private keys for encrypted images (`readPrivateKey`). */
  readonly decryptionKeys?: readonly KeyObject[];
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Longest silence of a registry, in milliseconds; default 60,000. */
  readonly stallTimeoutMs?: number;
  readonly retries?: RetryPolicy;
  readonly limits?: LayerLimits;
}

const STALL_TIMEOUT_MS = 60_000;

/**
 * Brings an image from a registry into the store and gives it its name. Nothing of an image can be seen in the
 * store before all of it is there and checked; whatever happens on the way, the store stays sound, and layers that
 * were complete are not fetched again. Throws ImageError.
 */
export async function pullImage(reference: string, options: PullOptions): Promise<StoredImage> {
  const policy = options.policy ?? "always";
  const local = localImage(reference, options);
  if (isImageId(reference)) {
    if (local !== undefined && policy !== "always") return local;
    const why =
      policy === "always" ? "an ID says nothing of where to pull from" : "there is no such image in the store";
    throw new ImageError("not-found", `image ${reference}: ${why}`);
  }
  if (local !== undefined && policy !== "newer" && policy !== "always") return local;
  // A short name may be that of an image from elsewhere, which is then the one to renew.
  const wanted = parseReference(policy === "newer" && local?.reference ? local.reference : reference);
  const name = formatReference(wanted);
  if (policy === "never") throw new ImageError("not-found", `${name} is not in the store, and the policy is never`);
  try {
    return await pullFrom(wanted, policy === "newer" ? local : undefined, options);
  } catch (error) {
    // podman-pull(1): "Pull errors are suppressed if a local image was found."
    if (
      policy === "newer" &&
      local !== undefined &&
      error instanceof ImageError &&
      !OWN_FAILURES.includes(error.code)
    ) {
      options.onProgress?.({ kind: "kept", reference: name, reason: reasonOf(error) });
      return local;
    }
    throw withContext(`pull ${name}`, error, "store-io");
  }
}

/** Failures on this side, which no image in the store makes up for. */
const OWN_FAILURES: readonly ImageErrorCode[] = [
  ...(["cancelled", "bad-settings", "no-space", "store-corrupt", "store-io"] as const),
];

/** The image that the store has for the name, if it is for the platform that is asked for. */
function localImage(reference: string, { store, platform, policy }: PullOptions): StoredImage | undefined {
  if (policy === undefined || policy === "always") return undefined;
  const local = store.resolve(reference);
  return local === undefined || platform === undefined || isForPlatform(local, platform) ? local : undefined;
}

async function pullFrom(wanted: Reference, local: StoredImage | undefined, options: PullOptions): Promise<StoredImage> {
  const { store } = options;
  const name = formatReference(wanted);
  const onProgress = options.onProgress ?? (() => {});
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const destination = openStoreDestination({
    store,
    references: [name],
    limits: options.limits ?? LAYER_LIMITS,
    decryptionKeys: options.decryptionKeys ?? [],
    onProgress,
    signal,
  });
  let source: ImageSource | undefined;
  try {
    source = registrySource(wanted, await connectTo(wanted, options, signal));
    const image = await findImage(source, options.platform ?? platformOf(process.arch));
    if (local?.manifestDigest === image.document.digest) {
      onProgress({ kind: "kept", reference: name, reason: "the registry has no other" });
      return local;
    }
    await copyImage(image, source, destination, { name, onProgress, giveUp: () => stop.abort() });
    const stored = store.resolve(name);
    if (stored === undefined) throw new ImageError("in-use", "the image was removed while it was pulled");
    return stored;
  } finally {
    stop.abort();
    await source?.close();
    await destination.close();
  }
}

/** Pulls every tag of an image's repository, one after the other. Throws ImageError. */
export async function pullAllTags(reference: string, options: PullOptions): Promise<StoredImage[]> {
  const wanted = parseReference(reference);
  const repository = repositoryName(wanted);
  const stop = options.signal ?? new AbortController().signal;
  const images: StoredImage[] = [];
  for (const tag of await listTags(wanted, options, stop))
    images.push(await pullImage(`${repository}:${tag}`, options));
  return images;
}

async function listTags(wanted: Reference, options: PullOptions, signal: AbortSignal): Promise<string[]> {
  const connection = await connectTo(wanted, options, signal);
  try {
    return await connection.client.tags();
  } catch (error) {
    throw withContext(`list the tags of ${repositoryName(wanted)}`, error, "registry");
  } finally {
    await connection.close();
  }
}

function connectTo(wanted: Reference, options: PullOptions, signal: AbortSignal): Promise<RegistryConnection> {
  return connect(wanted, {
    settings: options.registries,
    credentials: options.credentials,
    retries: options.retries ?? RETRIES,
    stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
    signal,
    onProgress: options.onProgress ?? (() => {}),
  });
}
