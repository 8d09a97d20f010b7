import type { UnitProperty } from "../../runtime/systemd/systemd.ts";
import type { Scope } from "../../scope.ts";
import { findPod } from "../../state/pod-record.ts";

/** The directives that the generator writes for a container of a pod, as D-Bus properties. Throws "no-such-pod". */
export function podProperties(scope: Scope, name: string): UnitProperty[] {
  const { unit, exitPolicy } = findPod(scope, name);
  const exit = `berth-pod-exit@${unit.replace(/\.service$/, "")}.service`;
  return [
    ["BindsTo", "as", [unit]],
    ["After", "as", [unit]],
    ...(exitPolicy === "stop"
      ? ([
          ["OnSuccess", "as", [exit]],
          ["OnFailure", "as", [exit]],
        ] as const)
      : []),
  ];
}
