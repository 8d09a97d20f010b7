import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { MountRequest } from "../../options/requests/run-request.ts";
import { RuntimeError } from "../error.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { bindMount, mountSubpath } from "./bind-mount.ts";
import type { MountContext } from "./mount-context.ts";
import { mountLayersReadOnly, mountOverlay } from "./overlay.ts";

/**
 * Option O: mounts the folder `source` at `place`, in this mount namespace, below an upper layer that takes all writes.
 * With `upperdir=` and `workdir=` that layer is kept; without them it lies beside the container's own, and goes with
 * it.
 */
export function overlayOver(context: MountContext, source: string, place: string, options: readonly string[]): string {
  if (!statSync(source).isDirectory()) throw new RuntimeError("volume", `option O: ${source} is no folder`);
  const named = (name: string) => options.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const [upper, work] = [named("upperdir"), named("workdir")];
  if ((upper === undefined) !== (work === undefined))
    throw new RuntimeError("bad-request", "option O: upperdir and workdir go together");
  const kept = upper !== undefined && work !== undefined ? { dir: upper, work, volatile: false } : undefined;
  for (const folder of kept === undefined ? [] : [kept.dir, kept.work]) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new RuntimeError("volume", `option O: ${folder} is no folder`);
  }
  mkdirSync(place, { recursive: true, mode: 0o700 });
  mountOverlay({
    target: place,
    lower: [source],
    upper: kept ?? ownLayer(context, place, source),
    links: `${place}.links`,
    inUserNamespace: context.inUserNamespace,
  });
  return place;
}

/** The mount of an image: read-only, or below an upper layer that goes with the container. */
export function imageMount(
  context: MountContext,
  request: Extract<MountRequest, { type: "image" }>,
  place: string,
): SpecMount {
  const layers = context.images.get(request.image);
  if (layers === undefined) throw new RuntimeError("image-not-found", `image ${request.image} is not in the store`);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const { inUserNamespace } = context;
  if (request.writable) {
    const lower = layers.length > 0 ? layers : [emptyFolder(`${place}.empty`)];
    const upper = ownLayer(context, place, lower.at(-1) ?? place);
    mountOverlay({ target: place, lower, upper, links: `${place}.links`, inUserNamespace });
  } else mountLayersReadOnly(place, `${place}.empty`, layers, inUserNamespace);
  const options = request.options.filter((word) => word !== "rw" && word !== "ro");
  if (request.subpath === undefined) return bindMount(place, request.target, options);
  try {
    mountSubpath(place, request.subpath, `${place}.sub`);
  } catch (cause) {
    throw new RuntimeError("volume", `image ${request.image}`, { cause });
  }
  return bindMount(`${place}.sub`, request.target, options);
}

/**
 * An upper and a work folder beside the container's own. The upper one gets the source's owner and mode, since overlay
 * shows those of the upper layer at the root.
 */
function ownLayer(context: MountContext, place: string, like: string): { dir: string; work: string; volatile: true } {
  const folder = join(context.paths.layers, "overlays", place.slice(dirname(place).length + 1));
  const layer = { dir: join(folder, "upper"), work: join(folder, "work"), volatile: true } as const;
  for (const path of [layer.dir, layer.work]) mkdirSync(path, { recursive: true, mode: 0o755 });
  const { uid, gid, mode } = statSync(like);
  chownSync(layer.dir, uid, gid);
  chmodSync(layer.dir, mode & 0o7777);
  return layer;
}

function emptyFolder(path: string): string {
  mkdirSync(path, { mode: 0o755 });
  return path;
}
