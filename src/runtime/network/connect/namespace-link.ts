import { lstatSync, mkdirSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { removeIfThere, replaceLink } from "../../../system/files.ts";

/*
 * A path by which others find a container's network namespace later: a link into /proc, first to the process that makes
 * the container, then to the payload. netavark's DHCP proxy changes an address by it when the server gives another one.
 */

/** Beside the note of what the owner has, with which it goes. */
export const namespaceLink = (scope: Scope, owner: string) => join(scope.runtimeDir, "network-setups", `${owner}.ns`);

/** Makes the owner's link lead to a namespace. Returns the link's path. */
export function linkNamespace(scope: Scope, owner: string, target: string): string {
  const path = namespaceLink(scope, owner);
  const temporary = `${path}.new`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replaceLink(path, target, temporary);
  return path;
}

/** Makes the owner's link, if it has one, lead to the namespace that a process is in; nowhere without one. */
export function retargetNamespaceLink(scope: Scope, owner: string, pid: number | undefined): void {
  if (hasLink(scope, owner)) linkNamespace(scope, owner, `/proc/${pid ?? NOBODY}/ns/net`);
}

/** By which process the owner's link leads, NaN if by none; undefined if it has no link. */
export function namespaceLinkPid(scope: Scope, owner: string): number | undefined {
  if (!hasLink(scope, owner)) return undefined;
  return Number(/^\/proc\/(\d+)\/ns\/net$/.exec(readlinkSync(namespaceLink(scope, owner)))?.[1]);
}

/** No process has this number. */
const NOBODY = 0;

function hasLink(scope: Scope, owner: string): boolean {
  return lstatSync(namespaceLink(scope, owner), { throwIfNoEntry: false }) !== undefined;
}

export function removeNamespaceLink(scope: Scope, owner: string): void {
  for (const path of [namespaceLink(scope, owner), `${namespaceLink(scope, owner)}.new`]) removeIfThere(path);
}
