import { findPod } from "../../state/pod-record.ts";
import { type BerthProcess, enterOpenNamespace, userNamespaceOwner } from "../user-namespace/enter.ts";
import { openNamespaces } from "./join.ts";

/**
 * In a user's scope: makes this process root of the pod's user namespace, to which everything belongs that its
 * containers share, by executing berth again inside. Returns where that has been done. Throws "no-such-pod".
 */
export function enterPodNamespace(self: BerthProcess, name: string): void {
  if (userNamespaceOwner(self.env) !== undefined) return;
  enterOpenNamespace(self, openNamespaces(findPod(self.scope, name)));
}
