import { ImageError, withContext } from "./error.ts";
import { parseImageConfig } from "./image-config.ts";
import { ingestLayers, keptDigests, type WantedLayer } from "./ingest.ts";
import { loadNative } from "./layer/native.ts";
import { isInUserNamespace, LAYER_LIMITS, type LayerLimits } from "./layer/unpack.ts";
import { CONFIG_MAX, type Descriptor, type ImageManifest, type Platform, parseManifest } from "./manifest.ts";
import { choosePlatform, platformOf } from "./platform.ts";
import type { OnProgress } from "./progress.ts";
import { formatReference, parseReference, type Reference } from "./reference.ts";
import type { Credentials } from "./registry/auth.ts";
import { connect, type RegistrySettings } from "./registry/connect.ts";
import type { FetchedManifest, RegistryClient } from "./registry/registry.ts";
import { RETRIES, type RetryPolicy } from "./registry/retry.ts";
import type { Store, StoredImage } from "./store.ts";
import { prepareStore, putBlob, recordImages } from "./store-write.ts";
import { openWork } from "./work.ts";

/** When a registry is asked, as podman's `--policy` and Quadlet's `Pull=` name it. */
export type PullPolicy = "always" | "missing" | "never" | "newer";

export interface PullOptions {
  readonly store: Store;
  /** Asked for the image's files; default: this machine's. */
  readonly platform?: Platform;
  /** Default `always`. `newer` asks the registry and keeps the local image when there is no other, or no answer. */
  readonly policy?: PullPolicy;
  readonly registries: RegistrySettings;
  /** In place of what the authentication files say. */
  readonly credentials?: Credentials;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Longest silence of a registry, in milliseconds; default 60,000. */
  readonly stallTimeoutMs?: number;
  readonly retries?: RetryPolicy;
  readonly limits?: LayerLimits;
}

const PARALLEL_LAYERS = 3;
const STALL_TIMEOUT_MS = 60_000;

/**
 * Brings an image from a registry into the store and gives it its name. Nothing of an image can be seen in the
 * store before all of it is there and checked; whatever happens on the way, the store stays sound, and layers that
 * were complete are not fetched again. Throws ImageError.
 */
export async function pullImage(reference: string, options: PullOptions): Promise<StoredImage> {
  const wanted = parseReference(reference);
  const name = formatReference(wanted);
  const policy = options.policy ?? "always";
  const local = policy === "always" ? undefined : options.store.resolve(reference);
  if (local !== undefined && policy !== "newer") return local;
  if (policy === "never") throw new ImageError("not-found", `${name} is not in the store, and the policy is never`);
  try {
    return await pullFrom(wanted, options);
  } catch (error) {
    if (local !== undefined && error instanceof ImageError && ["network", "stalled"].includes(error.code)) return local;
    throw withContext(`pull ${name}`, error, "store-io");
  }
}

async function pullFrom(wanted: Reference, options: PullOptions): Promise<StoredImage> {
  const { store } = options;
  const onProgress = options.onProgress ?? (() => {});
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  prepareStore(store.paths);
  const work = openWork(store.stateDir, store.paths);
  const connection = await connect(wanted, {
    settings: options.registries,
    credentials: options.credentials,
    retries: options.retries ?? RETRIES,
    stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
    signal,
    onProgress,
  });
  const { client } = connection;
  try {
    const { fetched, manifest, fromIndex } = await findManifest(
      client,
      wanted,
      options.platform ?? platformOf(process.arch),
    );
    const reference = formatReference(wanted);
    onProgress({ kind: "manifest", reference, digest: fetched.digest, layers: manifest.layers.length });
    const configBytes = await fetchConfig(client, manifest.config);
    const config = parseImageConfig(configBytes);
    if (config.os !== "linux") throw new ImageError("no-platform", `the image is for ${config.os}`);
    const layers = matchLayers(manifest, config.diffIds);
    const self: Descriptor = {
      mediaType: manifest.mediaType,
      digest: fetched.digest,
      size: fetched.bytes.length,
      annotations: {},
      platform: { os: config.os, architecture: config.architecture, variant: config.variant },
    };
    work.keep(keptDigests([self, manifest.config, ...manifest.layers], config.diffIds));
    await ingestLayers(layers, (blob) => client.blob(blob), {
      paths: store.paths,
      work,
      native: loadNative(),
      inUserNamespace: isInUserNamespace(),
      limits: options.limits ?? LAYER_LIMITS,
      onProgress,
      signal,
      parallel: PARALLEL_LAYERS,
    });
    putBlob(store.paths, work, configBytes);
    putBlob(store.paths, work, fetched.bytes);
    recordImages(store.stateDir, store.paths, [{ manifest: self, references: [reference], fromIndex }]);
    const image = store.resolve(reference);
    if (image === undefined) throw new ImageError("in-use", "the image was removed while it was pulled");
    return image;
  } finally {
    stop.abort();
    await connection.close();
    work.close();
  }
}

interface FoundManifest {
  readonly fetched: FetchedManifest;
  readonly manifest: ImageManifest;
  readonly fromIndex: FetchedManifest["digest"] | undefined;
}

/** The image's manifest; of an index, the one for the platform. */
async function findManifest(client: RegistryClient, wanted: Reference, platform: Platform): Promise<FoundManifest> {
  const first = await client.manifest(wanted.digest ?? wanted.tag ?? "latest");
  const document = parseManifest(first.bytes, first.mediaType);
  if (document.kind === "manifest") return { fetched: first, manifest: document, fromIndex: undefined };
  const chosen = choosePlatform(document, platform);
  const fetched = await client.manifest(chosen.digest);
  if (fetched.bytes.length !== chosen.size) {
    throw new ImageError(
      "size-mismatch",
      `manifest ${chosen.digest}: expected ${chosen.size} bytes, got ${fetched.bytes.length}`,
    );
  }
  const manifest = parseManifest(fetched.bytes, chosen.mediaType);
  if (manifest.kind === "index") throw new ImageError("unsupported", "an index in an index");
  return { fetched, manifest, fromIndex: first.digest };
}

async function fetchConfig(client: RegistryClient, config: Descriptor): Promise<Uint8Array> {
  if (config.size > CONFIG_MAX)
    throw new ImageError("too-large", `the configuration is longer than ${CONFIG_MAX} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.blob(config)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
  if (digest !== config.digest) {
    throw new ImageError("digest-mismatch", `the configuration should be ${config.digest} but is ${digest}`);
  }
  return bytes;
}

/** Pairs the manifest's blobs with the configuration's diffIDs. */
export function matchLayers(manifest: ImageManifest, diffIds: readonly WantedLayer["diffId"][]): WantedLayer[] {
  if (diffIds.length !== manifest.layers.length) {
    const count = `${manifest.layers.length} layers in the manifest, ${diffIds.length} in the configuration`;
    throw new ImageError("bad-manifest", count);
  }
  return manifest.layers.map((blob, at) => ({ blob, diffId: diffIds[at] as WantedLayer["diffId"] }));
}
