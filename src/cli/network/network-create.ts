import { type Command, Option } from "commander";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { CommandError } from "../program/command.ts";
import { entriesOf, repeatable } from "../program/repeatable-option.ts";

interface Options {
  readonly disableDns?: boolean;
  readonly dns: readonly string[];
  readonly driver: string;
  readonly gateway: readonly string[];
  readonly ignore?: boolean;
  readonly interfaceName?: string;
  readonly internal?: boolean;
  readonly ipRange: readonly string[];
  readonly ipamDriver?: "host-local" | "none" | "dhcp";
  readonly ipv6?: boolean;
  readonly label: readonly string[];
  readonly opt: readonly string[];
  readonly subnet: readonly string[];
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Make a network for containers.",
  details: [
    "Without `--subnet` a free one of 256 addresses is taken, with `--ipv6` a free one of each kind. The bridge, or the interfaces of macvlan and ipvlan, are made when the first container is connected.",
    "In a network of the driver `bridge` containers find each other by name, unless there is `--disable-dns`: by the container's name, its aliases (`berth run --network-alias`), and the first twelve digits of its ID.",
    "With `--ipam-driver dhcp`, or macvlan without a subnet, a DHCP server of the network that the device is in gives the addresses; netavark-dhcp-proxy.socket has to be on for that.",
    "The n-th `--gateway` and `--ip-range` belong to the n-th `--subnet`. Options of a bridge: mtu, vlan, isolate, metric, no_default_route, vrf, mode; of macvlan and ipvlan: parent, mode, mtu, metric, no_default_route.",
  ],
  examples: [
    { command: "berth network create back --internal", help: "A network with no way out." },
    {
      command:
        "berth network create lan -d macvlan -o parent=eth0 --subnet 192.0.2.0/24 --ip-range 192.0.2.200-192.0.2.250",
      help: "Containers with addresses of the network that the machine is in.",
    },
  ],
};

/** `berth network create`, which services of `.network` files call, too. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[name]", "letters, digits, _ . and -; made up if there is none")
    .option("--disable-dns", "containers in it do not find each other by name")
    .addOption(repeatable("--dns <address>", "where names are asked for that are no container's"))
    .option("-d, --driver <driver>", "bridge, macvlan, ipvlan, or a plugin of netavark's", "bridge")
    .addOption(repeatable("--gateway <address>", "gateway of a subnet"))
    .option("--ignore", "leave a network of that name as it is, and do not fail")
    .option("--interface-name <name>", "the bridge's name, or the device that macvlan and ipvlan sit on")
    .option("--internal", "no way out of the network")
    .addOption(repeatable("--ip-range <range>", "where addresses are taken from: a block, or FIRST-LAST"))
    .addOption(new Option("--ipam-driver <driver>", "who gives addresses").choices(["host-local", "none", "dhcp"]))
    .option("--ipv6", "an IPv4 and an IPv6 subnet")
    .addOption(repeatable("--label <key=value>", "label"))
    .addOption(repeatable("-o, --opt <key=value>", "option of the driver"))
    .addOption(repeatable("--subnet <subnet>", "subnet, as 192.0.2.0/24"))
    .action((name: string | undefined, options: Options) => create(name, options, context));
}

async function create(name: string | undefined, options: Options, context: CommandContext): Promise<void> {
  const { createNetwork } = await import("../../runtime/network/create-network.ts");
  const { parseIpAddress } = await import("../../options/values/address.ts");
  const { problemOf } = await import("../../options/values/check.ts");
  const { parseNetworkName } = await import("../../options/values/name.ts");
  const { refuseUnexpanded } = await import("../../options/flags/flag-reader.ts");
  const { subnet: subnets, gateway: gateways, ipRange: ranges } = options;
  if (subnets.length === 0 && gateways.length + ranges.length > 0)
    throw refuse("cannot set gateway or range without subnet");
  if (gateways.length > subnets.length) throw refuse("cannot set more gateways than subnets");
  if (ranges.length > subnets.length) throw refuse("cannot set more ranges than subnets");
  for (const address of options.dns) {
    const problem = problemOf(parseIpAddress(address));
    if (problem !== undefined) throw refuse(`--dns: ${problem.message}`);
  }
  if (name !== undefined) refuseUnexpanded("network", name);
  const problem = name === undefined ? undefined : problemOf(parseNetworkName(name));
  if (problem !== undefined) throw refuse(problem.message);
  const given = name ?? `berth-${Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex")}`;
  createNetwork(
    context.scope,
    {
      name: given,
      driver: options.driver,
      subnets: subnets.map((subnet, index) => ({ subnet, gateway: gateways[index], range: ranges[index] })),
      ipv6: options.ipv6 === true,
      internal: options.internal === true,
      disableDns: options.disableDns === true,
      dns: options.dns,
      interfaceName: options.interfaceName,
      ipamDriver: options.ipamDriver,
      options: Object.fromEntries(options.opt.map(splitOption)),
      labels: entriesOf(options.label),
    },
    options.ignore === true,
  );
  if (context.env.INVOCATION_ID !== undefined) {
    const { noteResourceService } = await import("../../runtime/systemd/resource-service.ts");
    noteResourceService(context.scope, "network", given, context.env.INVOCATION_ID);
  }
  context.out(`${given}\n`);
}

function splitOption(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 0) throw refuse(`--opt ${text}: write KEY=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function refuse(message: string): CommandError {
  return new CommandError(message, 125);
}
