import type { Command } from "commander";
import { withManager } from "../../runtime/systemd/systemd.ts";
import type { CommandContext } from "../program/command.ts";

/** `berth pod exit`, which units/berth-pod-exit@.service runs when a container of a pod has ended. */
export function define(command: Command, context: CommandContext): void {
  command.argument("<unit>", "the pod's service").action((unit: string) => stopIfEmpty(unit, context));
}

const ENDED: readonly string[] = ["inactive", "failed"];

/** Time between two looks at a member that is ending: milliseconds. */
const LOOK_MS = 100;

/** Waits for members that are ending: systemd does not run this again for a member that ends meanwhile. */
async function stopIfEmpty(unit: string, { scope, env }: CommandContext): Promise<void> {
  await withManager(scope, env, async (manager) => {
    for (;;) {
      const { BoundBy: members } = await manager.properties(unit);
      const [pod, ...containers] = await manager.units([unit, ...(members as string[])]);
      if (pod?.activeState !== "active" || pod.job !== "") return;
      const left = containers.filter(({ activeState, job }) => !ENDED.includes(activeState) || job !== "");
      if (left.length === 0) break;
      if (left.every(({ activeState }) => activeState !== "deactivating")) return;
      await Bun.sleep(LOOK_MS);
    }
    await manager.stop(unit, "fail");
  });
}
