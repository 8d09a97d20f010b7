import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import { findPod } from "../../state/pod-record.ts";
import { enterOpenNamespace, userNamespaceOwner } from "../user-namespace/enter.ts";
import { openNamespaces } from "./join.ts";

/**
 * In a user's scope: makes this process root of the pod's user namespace, to which everything belongs that its
 * containers share, by executing berth again inside. Returns where that has been done. Throws "no-such-pod".
 */
export function enterPodNamespace(scope: Scope, name: string, env: Environment): void {
  if (userNamespaceOwner(env) !== undefined) return;
  enterOpenNamespace(scope, openNamespaces(findPod(scope, name)), env);
}
