import { resolve } from "node:path";
import { isImageId } from "../../options/values/image-name.ts";
import type { PullPolicy } from "../../options/values/pull.ts";
import type { Platform } from "../document/manifest.ts";
import { isForPlatform } from "../document/platform.ts";
import { ImageError, reasonOf, withContext } from "../error.ts";
import type { Store, StoredImage } from "../store/store.ts";
import { isUnpacked } from "../store/unpacked.ts";
import type { PullOptions } from "./pull.ts";
import { isArchiveName, parsePullSource } from "./pull-source.ts";

export interface EnsureOptions {
  readonly store: Store;
  readonly policy: PullPolicy;
  /** The wanted platform; an image for another does not count. */
  readonly platform?: Platform | undefined;
  /** The folder from which paths in names count. */
  readonly cwd: string;
  /** How images are brought from elsewhere. Called only if something has to be. */
  readonly pulling: () => Promise<Omit<PullOptions, "store">>;
  /** What the user wrote for the policy "never", for the error. */
  readonly never?: string;
}

/**
 * The image that a name means under a pull policy, from the store or from wherever its name says, and unpacked. An
 * image in an archive or a folder of this machine is read whatever the policy, as podman does. What it takes to pull is
 * loaded only if something has to be pulled. Throws ImageError.
 */
export async function ensureImage(name: string, options: EnsureOptions): Promise<StoredImage> {
  if (isArchiveName(name)) return loadNamed(name, options);
  const { store, policy } = options;
  const { found, damage } = policy === "always" ? {} : storedImage(name, options);
  const local = found !== undefined && isWanted(found, options.platform) ? found : undefined;
  if (local !== undefined && (policy !== "newer" || isImageId(name))) return unpacked(local, options);
  if (isImageId(name)) {
    const why =
      policy === "always" ? "an ID says nothing of where to pull from" : "there is no such image in the store";
    throw new ImageError("not-found", `image ${name}: ${why}`);
  }
  if (policy === "never") {
    const where = found === undefined ? "is not in the store" : "is in the store for another platform only";
    throw new ImageError("not-found", `image ${name} ${where}, and ${options.never ?? "the policy is never"}`);
  }
  parsePullSource(name);
  const pulling = { ...(await options.pulling()), store };
  const { pullImage, renewImage } = await import("./pull.ts");
  if (local === undefined) {
    if (damage === undefined) return pullImage(name, pulling);
    return pullImage(name, pulling).catch((error: unknown) => {
      throw withContext(`${reasonOf(damage)}, and that failed`, error, "store-corrupt");
    });
  }
  return unpacked(await renewImage(local, name, pulling), { store, pulling: async () => pulling });
}

function isWanted(image: StoredImage, platform: Platform | undefined): boolean {
  return platform === undefined || isForPlatform(image, platform);
}

interface Found {
  readonly found?: StoredImage | undefined;
  /** Why an image that is there is as good as none. */
  readonly damage?: ImageError;
}

/** An index without an image for the platform, or a damaged image, is as good as none, where it can be pulled. */
function storedImage(name: string, { store, policy, platform }: EnsureOptions): Found {
  try {
    return { found: store.resolve(name, platform) };
  } catch (error) {
    if (policy === "never" || !(error instanceof ImageError)) throw error;
    if (error.code === "store-corrupt") return { damage: error };
    if (error.code === "no-platform") return {};
    throw error;
  }
}

/** Unpacks an image that another tool has put into the store. */
async function unpacked(
  image: StoredImage,
  { store, pulling }: Pick<EnsureOptions, "store" | "pulling">,
): Promise<StoredImage> {
  if (isUnpacked(store, image)) return image;
  const { unpackImage } = await import("../store/unpack-image.ts");
  await unpackImage(image, { ...(await pulling()), store });
  return image;
}

async function loadNamed(name: string, { store, cwd, pulling }: EnsureOptions): Promise<StoredImage> {
  const source = parsePullSource(name);
  if (source.kind === "registry") throw new ImageError("bad-reference", `${name} is no archive`);
  const { loadImages } = await import("./load.ts");
  const { form, path, only } = source;
  const options = { ...(await pulling()), store, form, choose: only ?? ("only" as const) };
  // One image, which may have several names.
  const [image] = await loadImages({ path: resolve(cwd, path) }, options);
  if (image === undefined) throw new ImageError("not-found", `there is no image in ${name}`);
  return image;
}
