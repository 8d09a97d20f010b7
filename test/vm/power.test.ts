import { afterAll, beforeAll, describe, expect } from "bun:test";
import { leftovers } from "../host/leftovers.ts";
import {
  allIsWell,
  pullHalf,
  pullIsFinished,
  removePulled,
  SERVICES,
  startEnabled,
  startHalf,
  starts,
  storeFiles,
} from "./enabled-services.ts";
import { CREATE_TIMEOUT, vmLaneMisses, vmTest } from "./lane.ts";
import { Vm } from "./vm.ts";

/** On bookworm the same power cuts are one, in kernel.test.ts. */
describe("a machine that goes off", () => {
  let vm: Vm;

  beforeAll(async () => {
    if (vmLaneMisses() !== undefined) return;
    vm = await Vm.create({ suite: "trixie" });
    await startEnabled(vm);
  }, CREATE_TIMEOUT);
  afterAll(async () => {
    await vm?.close();
  });

  vmTest("has everything that is enabled back after a reboot, with its data", async () => {
    await allIsWell(vm);
    await vm.reboot();
    await allIsWell(vm);
    expect(await starts(vm)).toBe(2);
  });

  vmTest("has it back after a power cut in the middle of their starts", async () => {
    await vm.ok(["systemctl", "stop", ...SERVICES]);
    expect(await leftovers(vm)).toBe("");
    await startHalf(vm);
    await vm.powerCut();
    await vm.boot();
    await allIsWell(vm);
  });

  vmTest("finishes a pull at the next boot that a power cut has ended in the middle of a layer", async () => {
    const before = await storeFiles(vm);
    await pullHalf(vm);
    await vm.powerCut();
    await vm.boot();
    await pullIsFinished(vm);
    await allIsWell(vm);
    await removePulled(vm);
    expect(await storeFiles(vm)).toBe(before);
  });
});
