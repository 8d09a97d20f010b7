import { quoted, suggesting } from "../../options/values/check.ts";
import { NETWORK_DRIVERS } from "../../options/values/network.ts";
import { addressOutside, rangeOutside } from "../../options/values/subnet.ts";
import { closest } from "../../suggest.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import { CommandLine } from "../making/command-line.ts";
import type { ResourceContext } from "../making/context.ts";
import { addFlags } from "../making/key-flags.ts";
import { addPodmanArgs } from "../making/podman-args.ts";
import type { ServiceLines } from "../making/service-lines.ts";
import type { Value } from "../reading/report.ts";
import { ownName } from "../reading/resource-name.ts";

/** The service of a `.network` file: `berth network create`. */
export function networkService(context: ResourceContext): ServiceLines {
  const { keys, options, parsed, report } = context;
  const line = new CommandLine().literal(options.berth).plain("network create --ignore");
  keys.string("NetworkName");
  addFlags(line, keys, "DisableDNS", "Internal", "IPv6", "Driver", "InterfaceName", "IPAMDriver", "DNS");
  const driver = keys.string("Driver");
  const isPlugin = !NETWORK_DRIVERS.some((own) => own === driver?.text);
  const near = driver === undefined || !isPlugin ? undefined : closest(driver.text, NETWORK_DRIVERS);
  if (driver !== undefined && near !== undefined) {
    const problem = { code: "plugin-name", message: `${quoted(driver.text)} is taken for a plugin of netavark's` };
    report.value(driver, suggesting(problem, near), "warning");
  }
  addSubnets(line, context);
  addFlags(line, keys, "Options", "Label");
  addPodmanArgs(line, keys, parsed.type.keys(), report);
  const name = ownName(parsed);
  line.expanded(name);
  const service: Directive[] = [["ExecStart", line.toString()]];
  if (keys.boolean("NetworkDeleteOnStop") === true) {
    const remove = new CommandLine().literal(options.berth).plain("network rm --ignore").expanded(name);
    service.push(["ExecStopPost", remove.toString()]);
  }
  return { unit: asksDhcp(context) ? DHCP_PROXY : [], service };
}

/**
 * netavark's DHCP proxy, from its package: systemd listens for it as long as there may be containers, and it still runs
 * when the last one gives its address back.
 */
const DHCP_PROXY: readonly Directive[] = [
  ["Wants", "netavark-dhcp-proxy.socket"],
  ["After", "netavark-dhcp-proxy.socket"],
  ["After", "netavark-dhcp-proxy.service"],
];

/** Without keys about addresses macvlan gets them from a DHCP server, as with podman. */
function asksDhcp({ keys, options }: ResourceContext): boolean {
  if (options.scope === "user") return false;
  const ipam = keys.string("IPAMDriver")?.text ?? "";
  if (ipam !== "") return ipam === "dhcp";
  return keys.string("Driver")?.text === "macvlan" && keys.list("Subnet").length === 0;
}

/** Each subnet with the gateway and the range of the same place. */
function addSubnets(line: CommandLine, { keys, report }: ResourceContext): void {
  const [subnets, gateways, ranges] = ["Subnet", "Gateway", "IPRange"].map((key) => keys.list(key)) as [
    Value[],
    Value[],
    Value[],
  ];
  const surplus = (values: readonly Value[], message: string): void => {
    const first = values[subnets.length];
    // A subnet with an error may have been meant for this gateway or range.
    if (first === undefined || (subnets.length === 0 && keys.has("Subnet"))) return;
    report.value(first, { code: "no-subnet", message });
  };
  const none = "cannot set gateway or range without subnet";
  surplus(gateways, subnets.length === 0 ? none : "cannot set more gateways than subnets");
  surplus(ranges, subnets.length === 0 ? none : "cannot set more ranges than subnets");
  for (const [at, { text }] of subnets.entries()) {
    line.plain("--subnet").expanded(text);
    const gateway = gateways[at];
    if (gateway !== undefined) {
      const problem = addressOutside(gateway.text, [text]);
      if (problem !== undefined) report.value(gateway, problem);
      line.plain("--gateway").expanded(gateway.text);
    }
    const range = ranges[at];
    if (range !== undefined) {
      const problem = rangeOutside(range.text, text);
      if (problem !== undefined) report.value(range, problem);
      line.plain("--ip-range").expanded(range.text);
    }
  }
}
