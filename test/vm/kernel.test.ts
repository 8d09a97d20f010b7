import { afterAll, beforeAll, expect } from "bun:test";
import { install } from "../host/containers.ts";
import { describeOnSuites, IS_SOAK } from "../host/lane.ts";
import { leftovers } from "../host/leftovers.ts";
import { sample } from "../host/registry.ts";
import { DEVICE_VOLUME_FILES, deviceVolumeTests } from "./device-volumes.ts";
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
import { IPVLAN_FILES, ipvlanTests } from "./ipvlan.ts";
import { CREATE_TIMEOUT, newestVmTest, vmLaneMisses, vmTest } from "./lane.ts";
import { LIMIT_FILES, limitTests } from "./limits.ts";
import { powerTests } from "./power.ts";
import { Vm } from "./vm.ts";

/** What it takes a kernel of its own to show, on one machine of each suite. */
describeOnSuites("both", "with a kernel of its own, on %s", (suite) => {
  let vm: Vm;
  const machine = () => vm;

  beforeAll(async () => {
    if (vmLaneMisses() !== undefined) return;
    vm = await Vm.create({ suite });
    await vm.ok(["berth", "pull", "--quiet", sample("tools:1")]);
    await install(vm, { ...LIMIT_FILES, ...IPVLAN_FILES, ...DEVICE_VOLUME_FILES });
  }, CREATE_TIMEOUT);
  afterAll(async () => {
    await vm?.close();
  });

  limitTests(machine, suite);
  ipvlanTests(machine, suite);
  deviceVolumeTests(machine, suite);

  vmTest("nothing is left over of all those", async () => {
    await vm.run(["systemctl", "stop", "goes-on", "again", "forks", "busy", "small", "shop-pod"]);
    expect(await leftovers(vm)).toBe("");
  });

  newestVmTest(
    suite,
    "all that is enabled is back after a power cut in the middle of starts and of a pull",
    async () => {
      await startEnabled(vm);
      const before = await storeFiles(vm);
      await pullHalf(vm);
      await vm.ok(["systemctl", "stop", ...SERVICES]);
      await startHalf(vm);
      await vm.powerCut();
      await vm.boot();
      await pullIsFinished(vm);
      await allIsWell(vm);
      expect(await starts(vm)).toBeGreaterThan(1);
      await removePulled(vm);
      expect(await storeFiles(vm)).toBe(before);
    },
  );

  if (IS_SOAK) powerTests(machine);
});
