import { expect } from "bun:test";
import type { Suite } from "../host/root.ts";
import { inNetworkOf, tools } from "./containers.ts";
import { vmTest } from "./lane.ts";
import type { Vm } from "./vm.ts";

/** A network of each kind, and what `ip` says of an interface in it. */
const NETWORKS = {
  // On the device of the default route.
  near: { keys: "Subnet=10.70.0.0/24\nOptions=mtu=1400\n", parent: "uplink", says: ["mtu 1400", "ipvlan  mode l2"] },
  far: { keys: "Subnet=10.71.0.0/24\nOptions=mode=l3 parent=below\n", parent: "below", says: ["ipvlan  mode l3"] },
} as const;

/** What the tests start. */
export const IPVLAN_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(NETWORKS).flatMap(([name, { keys }]) => [
    [`${name}.network`, `[Network]\nDriver=ipvlan\n${keys}`],
    [`${name}-server.container`, tools("httpd -f -p 80 -h /etc", "", `Network=${name}.network\n`)],
    [`${name}-client.container`, tools("sleep infinity", "", `Network=${name}.network\n`)],
  ]),
);

/** Networks of a driver that many kernels have not, such as those the host lane runs on. */
export function ipvlanTests(machine: () => Vm, suite: Suite): void {
  if (suite === "bookworm") {
    vmTest("an ipvlan network needs a netavark that has it: bookworm's says that it has not", async () => {
      const vm = machine();
      expect((await vm.run(["systemctl", "start", "near-server"])).exitCode).not.toBe(0);
      expect(await vm.journal("near-server.service")).toContain("error: netavark setup: unknown network driver ipvlan");
      await vm.ok(["berth", "network", "rm", "systemd-near"]);
    });
    return;
  }

  vmTest("containers of an ipvlan network reach each other, with the address of the device below", async () => {
    const vm = machine();
    await vm.sh("ip link add below type dummy; ip link set below up");
    const names = Object.keys(NETWORKS);
    const units = names.flatMap((name) => [`${name}-server.service`, `${name}-client.service`]);
    await vm.ok(["systemctl", "start", ...units]);
    for (const [name, { parent, says }] of Object.entries(NETWORKS)) {
      const [server, client] = [`${name}-server.service`, `${name}-client.service`];
      const seen = await inNetworkOf(vm, server, "ip", "-details", "address", "show", "eth0");
      const mac = await vm.ok(["cat", `/sys/class/net/${parent}/address`]);
      for (const said of [...says, mac]) expect(seen).toContain(said);
      const address = /inet ([\d.]+)/.exec(seen)?.[1] ?? "";
      const fetched = await inNetworkOf(vm, client, "curl", "-sS", "-m", "60", `http://${address}/hostname`);
      expect(fetched).toMatch(/^[0-9a-f]{12}$/);
      const gateway = address.replace(/\d+$/, "1");
      expect(await inNetworkOf(vm, client, "ip", "route")).toContain(`default via ${gateway} dev eth0`);
    }
    await vm.ok(["systemctl", "stop", ...units]);
    await vm.ok(["berth", "network", "rm", ...names.map((name) => `systemd-${name}`)]);
  });
}
