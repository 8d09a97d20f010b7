import { afterAll, beforeAll, describe, expect } from "bun:test";
import { until } from "../host/host.ts";
import { installStack, stackData } from "../host/stack/stack.ts";
import { CREATE_TIMEOUT, vmLaneMisses, vmTest } from "./lane.ts";
import { Vm } from "./vm.ts";

describe("a real stack", () => {
  let vm: Vm;
  beforeAll(async () => {
    if (vmLaneMisses() !== undefined) return;
    vm = await Vm.create({ suite: "trixie", registry: await stackData() });
    await installStack(vm, "system");
    await vm.sh("systemctl daemon-reload; systemctl enable stack.target");
  }, CREATE_TIMEOUT);
  afterAll(async () => {
    await vm?.close();
  });

  /** What nginx, the application, Redis and PostgreSQL say, once all of them are up. */
  const visit = () =>
    until(
      "an answer of the whole stack",
      async () => {
        const { stdout } = await vm.run(["curl", "-sS", "-m", "150", "http://127.0.0.1:8080/"]);
        return stdout.startsWith("redis=") ? stdout : undefined;
      },
      400_000,
    );

  vmTest("is up again after a reboot, with its data", async () => {
    await vm.run(["systemctl", "start", "stack.target"], { timeout: 400_000 });
    expect(await visit()).toBe("redis=1 postgres=1\n");
    await vm.reboot();
    expect(await visit()).toBe("redis=1 postgres=2\n");
    expect(await vm.ok(["systemctl", "list-units", "--failed", "--plain", "--no-legend"])).toBe("");
  });
});
