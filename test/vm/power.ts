import { expect } from "bun:test";
import { SEED } from "../host/lane.ts";
import { leftovers } from "../host/leftovers.ts";
import { Random } from "../unit/random.ts";
import { allIsWell, pullHalf, pullIsFinished, removePulled, SERVICES, starts, storeFiles } from "./enabled-services.ts";
import { vmTest } from "./lane.ts";
import type { Vm } from "./vm.ts";

/** How often the power is cut at a moment that chance decides. */
const CUTS = 6;
/** About as long as the starts take that it is cut in, in milliseconds. */
const STARTS = 20_000;

/** What a soak does with a machine on which all that is enabled is up, beyond the one power cut of every run. */
export function powerTests(machine: () => Vm): void {
  vmTest("has everything that is enabled back after a reboot, with its data", async () => {
    const vm = machine();
    // The pull at every boot is for the last test alone, and two members of the pod are about limits.
    await vm.sh("rm /etc/containers/systemd/{pulled,shop-one,shop-two}.container; systemctl daemon-reload");
    await vm.ok(["systemctl", "start", ...SERVICES]);
    await allIsWell(vm);
    const before = await starts(vm);
    await vm.reboot();
    await allIsWell(vm);
    expect(await starts(vm)).toBe(before + 1);
  });

  vmTest(
    `has it back after each of ${CUTS} power cuts at any moment of their starts (BERTH_TEST_SEED=${SEED})`,
    async () => {
      const vm = machine();
      const random = new Random(SEED);
      for (let cut = 0; cut < CUTS; cut++) {
        await vm.ok(["systemctl", "stop", ...SERVICES]);
        expect(await leftovers(vm)).toBe("");
        await vm.ok(["systemctl", "start", "--no-block", ...SERVICES]);
        await Bun.sleep(random.below(STARTS));
        await vm.powerCut();
        await vm.boot();
        await allIsWell(vm);
      }
    },
    3_600_000,
  );

  vmTest("finishes a pull at the next boot that a power cut has ended in the middle of a layer", async () => {
    const vm = machine();
    const before = await storeFiles(vm);
    await pullHalf(vm);
    await vm.powerCut();
    await vm.boot();
    await pullIsFinished(vm);
    await allIsWell(vm);
    await removePulled(vm);
    expect(await storeFiles(vm)).toBe(before);
  });
}
