import { existsSync } from "node:fs";
import { hostLaneMisses, suitesHere, testUnless } from "../host/lane.ts";
import type { Suite } from "../host/root.ts";

/** What is needed beside the host lane's tools. */
const TOOLS: readonly string[] = ["/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-img", "/sbin/mkfs.ext4", "/usr/bin/xz"];

/** Milliseconds for making a machine, its disk included, with other work beside it. */
export const CREATE_TIMEOUT = 900_000;

/** Why the VM lane cannot run on this machine, or undefined when it can. */
export function vmLaneMisses(): string | undefined {
  const missing = TOOLS.find((tool) => !existsSync(tool));
  return hostLaneMisses() ?? (missing === undefined ? undefined : `needs ${missing}`);
}

const inVm = testUnless(vmLaneMisses(), "VM lane");

/** `test` for tests in an emulated machine, where everything takes twenty times as long. */
export function vmTest(name: string, body: () => Promise<void>, timeout = 600_000): void {
  inVm(name, body, timeout);
}

/** As `vmTest`, among tests on both suites, for what depends on nothing that differs between them. */
export function newestVmTest(suite: Suite, name: string, body: () => Promise<void>, timeout?: number): void {
  if (suitesHere("newest").includes(suite)) vmTest(name, body, timeout);
}
