import { mkdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../scope.ts";
import { isErrno, isTaken } from "../system/error.ts";
import { removeIfThere } from "../system/files.ts";
import { namesDir } from "./paths.ts";

/* Names of containers: one symbolic link each, whose target is the container's ID. */

/** The ID that holds `name`, or undefined. */
export function idOfName(scope: Scope, name: string): string | undefined {
  try {
    return readlinkSync(join(namesDir(scope), name));
  } catch (error) {
    // A word that cannot be a file name (".", or a very long one) is no container's name.
    if (isErrno(error, "ENOENT", "ENOTDIR", "EINVAL", "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

/** Takes `name` for `id`. False if another container holds it: the link is made exclusively, so two cannot both win. */
export function claimName(scope: Scope, name: string, id: string): boolean {
  mkdirSync(namesDir(scope), { recursive: true, mode: 0o700 });
  try {
    symlinkSync(id, join(namesDir(scope), name));
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

/** Gives `name` up if `id` holds it. */
export function releaseName(scope: Scope, name: string, id: string): void {
  if (idOfName(scope, name) === id) removeIfThere(join(namesDir(scope), name));
}
