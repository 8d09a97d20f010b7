import { lstatSync, mkdirSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { removeIfThere, replaceLink } from "../../../system/files.ts";

/*
 * A path by which netavark's DHCP proxy finds a container's network namespace later, to change an address when the
 * server gives another one: a symbolic link into /proc, first to the launcher, then to the payload.
 */

/** The folder of what is known of each owner's connection. */
export const setUpsDir = (scope: Scope) => join(scope.runtimeDir, "network-setups");

/** The link is beside the owner's connection record, and is removed with it. */
export const namespaceLink = (scope: Scope, owner: string) => join(setUpsDir(scope), `${owner}.ns`);

/** Points the owner's link to a namespace. Returns the link's path. */
export function linkNamespace(scope: Scope, owner: string, target: string): string {
  const path = namespaceLink(scope, owner);
  const temporary = `${path}.new`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replaceLink(path, target, temporary);
  return path;
}

/** Points the owner's link, if it has one, to the namespace of a process; to none if `pid` is undefined. */
export function retargetNamespaceLink(scope: Scope, owner: string, pid: number | undefined): void {
  if (hasLink(scope, owner)) linkNamespace(scope, owner, `/proc/${pid ?? NOBODY}/ns/net`);
}

/** The process whose namespace the owner's link points to, NaN for none; undefined if the owner has no link. */
export function namespaceLinkPid(scope: Scope, owner: string): number | undefined {
  if (!hasLink(scope, owner)) return undefined;
  return Number(/^\/proc\/(\d+)\/ns\/net$/.exec(readlinkSync(namespaceLink(scope, owner)))?.[1]);
}

/** No process has this PID. */
const NOBODY = 0;

function hasLink(scope: Scope, owner: string): boolean {
  return lstatSync(namespaceLink(scope, owner), { throwIfNoEntry: false }) !== undefined;
}

/** Removes the owner's link, and what a killed process has left of one. */
export function removeNamespaceLink(scope: Scope, owner: string): void {
  for (const path of [namespaceLink(scope, owner), `${namespaceLink(scope, owner)}.new`]) removeIfThere(path);
}
