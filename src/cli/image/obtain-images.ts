import { resolve } from "node:path";
import type { OnProgress } from "../../image/progress.ts";
import { openStore, type StoredImage } from "../../image/store/store.ts";
import { pullAllTags, pullImage } from "../../image/transport/pull.ts";
import { parsePullSource } from "../../image/transport/pull-source.ts";
import type { PullWords } from "../../options/requests/run-request.ts";
import type { PullPolicy } from "../../options/values/pull.ts";
import { type CommandContext, CommandError } from "../program/command.ts";
import { toPullOptions } from "./pull-request.ts";

export interface Wanted {
  readonly name: string;
  readonly policy: PullPolicy;
  readonly words: PullWords;
  readonly allTags?: boolean;
}

/**
 * Brings an image into the store from wherever its name says: a registry, or an archive or folder of this machine
 * (which is read whatever the policy, as podman does). Several images only with `allTags`. Throws ImageError,
 * CommandError.
 */
export async function obtainImages(
  { name, policy, words, allTags = false }: Wanted,
  context: CommandContext,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<StoredImage[]> {
  const store = openStore(context.scope.stateDir);
  const source = parsePullSource(name);
  const options = { store, policy, onProgress, ...toPullOptions(words, context), ...(signal ? { signal } : {}) };
  if (source.kind === "registry") {
    return allTags ? pullAllTags(source.reference, options) : [await pullImage(source.reference, options)];
  }
  if (allTags) throw new CommandError(`--all-tags: ${source.form}: has no tags to be pulled`, 125);
  const { loadImages } = await import("../../image/transport/load.ts");
  const { form, path, only } = source;
  const images = await loadImages({ path: resolve(context.cwd, path) }, { ...options, form, choose: only ?? "only" });
  // One image may have several names: it is told of once.
  return images.filter(
    ({ configDigest }, at) => images.findIndex((other) => other.configDigest === configDigest) === at,
  );
}
