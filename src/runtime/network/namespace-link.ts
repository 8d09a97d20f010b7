import { lstatSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Scope } from "../../scope.ts";
import { removeIfThere } from "../files.ts";

/*
 * A path by which others find a container's network namespace later: a link into /proc, first to the process that makes the
 * container, then to the payload. netavark's DHCP proxy changes an address by it when the server gives another one.
 */

/** Beside the note of what the owner has, with which it goes. */
export const namespaceLink = (scope: Scope, owner: string) => join(scope.runtimeDir, "network-setups", `${owner}.ns`);

/** Makes the owner's link lead to a namespace. Returns the link's path. */
export function linkNamespace(scope: Scope, owner: string, target: string): string {
  const path = namespaceLink(scope, owner);
  const temporary = `${path}.new`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  removeIfThere(temporary);
  symlinkSync(target, temporary);
  renameSync(temporary, path);
  return path;
}

/** Makes the owner's link, if it has one, lead to the namespace that a process of the container is in. */
export function followPayload(scope: Scope, owner: string, pid: number): void {
  if (lstatSync(namespaceLink(scope, owner), { throwIfNoEntry: false }) === undefined) return;
  linkNamespace(scope, owner, `/proc/${pid}/ns/net`);
}

export function removeNamespaceLink(scope: Scope, owner: string): void {
  for (const path of [namespaceLink(scope, owner), `${namespaceLink(scope, owner)}.new`]) removeIfThere(path);
}
