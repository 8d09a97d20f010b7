import { closeSync, fstatSync, openSync } from "node:fs";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { findContainer } from "../../state/find-container.ts";
import { runningPayloadPid } from "../../state/liveness.ts";
import { isMissing } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";
import { openRootlessNamespace } from "../network/users/rootless-namespace.ts";
import { type BerthProcess, enterOpenNamespace, userNamespaceOwner } from "../user-namespace/enter.ts";
import { openOutermost, openOutermostNamespace, openOutermostOwner } from "../user-namespace/outermost-namespace.ts";

/** The parts of a request by which a container or a pod joins existing namespaces. */
type Joining = Pick<RunRequest, "network" | "userNamespace">;

/**
 * In a user's scope: a namespace can only be joined from the user namespace that owns it, or from an ancestor of that
 * (user_namespaces(7)). So this executes berth again in the user namespace that owns everything the request joins: the
 * user's bridges, a container's namespaces, or those at a path. Returns if the request joins nothing. Throws
 * "no-such-container", and "user-namespace" if the owner is not one of the user's, or if there are two.
 */
export function enterJoinedNamespace(self: BerthProcess, request: Joining): void {
  const { scope, env } = self;
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  const network = openForNetwork(scope, request);
  const users = openForUsers(scope, request);
  if (network !== undefined && users !== undefined && fstatSync(network).ino !== fstatSync(users).ino) {
    throw new RuntimeError(
      "user-namespace",
      "the network and the user namespace to join belong to different namespaces of this user's, of which a process can be in one only",
    );
  }
  const fd = users ?? network;
  if (fd !== undefined) enterOpenNamespace(self, [{ kind: "user", fd }]);
}

function openForNetwork(scope: Scope, { network }: Joining): number | undefined {
  if (network.mode === "bridge") return openRootlessNamespace(scope, true);
  if (network.mode === "container") return openOutermostNamespace(pidOf(scope, network.name));
  if (network.mode !== "namespace") return undefined;
  const fd = openNamespace(network.path, "network");
  const owner = openOutermostOwner(fd, `the network namespace ${network.path}`);
  closeSync(fd);
  return owner;
}

function openForUsers(scope: Scope, { userNamespace }: Joining): number | undefined {
  if (userNamespace.mode === "container") return openOutermostNamespace(pidOf(scope, userNamespace.name));
  if (userNamespace.mode !== "namespace") return undefined;
  return openOutermost(openNamespace(userNamespace.path, "user"), `the user namespace ${userNamespace.path}`);
}

function pidOf(scope: Scope, name: string): number {
  return runningPayloadPid(scope, findContainer(scope, name));
}

function openNamespace(path: string, kind: "network" | "user"): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    const reason = isMissing(cause) ? "there is none" : (cause as Error).message;
    throw new RuntimeError("user-namespace", `the ${kind} namespace ${path}: ${reason}`, { cause });
  }
}
