import type { Command } from "commander";
import { withManager } from "../runtime/systemd.ts";
import type { CommandContext } from "./command.ts";

/** `berth pod exit`: what units/berth-pod-exit@.service runs when a container of a pod has ended. */
export function define(command: Command, context: CommandContext): void {
  command.argument("<unit>", "the pod's service").action((unit: string) => stopIfEmpty(unit, context));
}

async function stopIfEmpty(unit: string, { scope, env }: CommandContext): Promise<void> {
  await withManager(scope, env, async (manager) => {
    const { BoundBy: members } = await manager.properties(unit);
    const [pod, ...containers] = await manager.units([unit, ...(members as string[])]);
    if (pod?.activeState !== "active" || pod.job !== "") return;
    const ended = (state: string) => state === "inactive" || state === "failed";
    if (containers.some(({ activeState, job }) => !ended(activeState) || job !== "")) return;
    await manager.stop(unit, "fail");
  });
}
