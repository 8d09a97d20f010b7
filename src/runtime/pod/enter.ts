import { findPod } from "../../state/pod-record.ts";
import { type BerthProcess, enterOpenNamespace, userNamespaceOwner } from "../user-namespace/enter.ts";
import { openNamespaces } from "./join.ts";

/**
 * Executes berth again as root of the pod's user namespace, which owns all that its containers share, in a user's
 * scope. Returns if this process is in it. Throws "no-such-pod".
 */
export function enterPodNamespace(self: BerthProcess, name: string): void {
  if (userNamespaceOwner(self.env) !== undefined) return;
  enterOpenNamespace(self, openNamespaces(findPod(self.scope, name)));
}
