import { afterAll, beforeAll, describe, expect } from "bun:test";
import { until } from "../host/host.ts";
import { installStack, stackData } from "../host/stack/stack.ts";
import { SLOW } from "./containers.ts";
import { CREATE_TIMEOUT, vmLaneMisses, vmTest } from "./lane.ts";
import { Vm } from "./vm.ts";

const SCOPES = [
  { scope: "system", as: {}, systemctl: ["systemctl"] },
  { scope: "user", as: { user: "alice" }, systemctl: ["systemctl", "--user"] },
] as const;

describe("a real stack", () => {
  let vm: Vm;
  beforeAll(async () => {
    if (vmLaneMisses() !== undefined) return;
    vm = await Vm.create({ suite: "trixie", registry: await stackData() });
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

  for (const { scope, as, systemctl } of SCOPES) {
    const manager = (...words: string[]) => vm.run([...systemctl, ...words], { ...as, timeout: 400_000 });

    vmTest(`is up again after a reboot, with its data, in the ${scope}'s scope`, async () => {
      if (scope === "user") {
        // Ports are everybody's.
        await vm.sh("systemctl disable --now stack.target; rm -r /etc/containers/systemd; systemctl daemon-reload");
        await vm.ok(["loginctl", "enable-linger", "alice"]);
        await until("alice's manager", async () => (await manager("is-system-running", "--wait")).exitCode === 0, SLOW);
      }
      await installStack(vm, scope);
      await manager("daemon-reload");
      await manager("enable", "stack.target");
      await manager("start", "stack.target");
      expect(await visit()).toBe("redis=1 postgres=1\n");
      await vm.reboot();
      expect(await visit()).toBe("redis=1 postgres=2\n");
      expect((await manager("list-units", "--failed", "--plain", "--no-legend")).stdout).toBe("");
    });
  }
});
