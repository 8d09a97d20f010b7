import { property } from "../host/containers.ts";
import { sample } from "../host/registry.ts";
import type { Vm } from "./vm.ts";

/** Milliseconds for what a container does after its start, and for services to come up. */
export const SLOW = 240_000;

/**
 * A `.container` file with the tools image. Its first process is killed when it is to stop: the tests are not about how
 * it ends. The time-out is also the cleanup's, which takes long in an emulator.
 */
export function tools(exec: string, more = "", network = "Network=none\n"): string {
  const image = `[Container]\nImage=${sample("tools:1")}\nStopSignal=KILL\nStopTimeout=60\n`;
  return `${image}${network}Exec=${exec.replaceAll("$", "$$$$")}\n${more}`;
}

/** A file of a unit's cgroup. */
export async function cgroupFile(vm: Vm, unit: string, file: string): Promise<string> {
  return vm.ok(["cat", `/sys/fs/cgroup${await property(vm, unit, "ControlGroup")}/${file}`]);
}

/** Runs a command of the machine in the network of a unit's first process. */
export async function inNetworkOf(vm: Vm, unit: string, ...words: string[]): Promise<string> {
  return vm.ok(["nsenter", "--net", "--target", await property(vm, unit, "MainPID"), "--", ...words]);
}
