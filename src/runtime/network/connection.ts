import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { type ContainerPaths, networksDir } from "../paths.ts";
import { findProgram } from "../programs.ts";
import { isMissing, removeIfThere } from "../record.ts";
import type { PortMapping } from "../run-request.ts";
import { gatewayOf, leaseAddress, releaseAddress, releaseAddresses } from "./address-pool.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "./namespace.ts";
import { type NetavarkRequest, runNetavark } from "./netavark.ts";

/**
 * The default network. Its subnet is next to podman's (10.88.0.0/16), not the same, so that both can be on one host.
 */
export const DEFAULT_NETWORK = { name: "berth", interface: "berth0", subnet: "10.87.0.0/16" } as const;

/** What the container's own interface is called, inside. */
const INTERFACE = "eth0";

/** A container's place on the bridge, while its set-up runs beside the rest of the launch. */
export interface BridgeSetup {
  readonly namespace: NetworkNamespace;
  readonly address: string;
  readonly gateway: string;
  /** Resolves once the container is connected and its ports are published; rejects with code "network". */
  readonly done: Promise<void>;
}

/**
 * Connects a new network namespace to the default bridge by netavark. Everything that teardown needs is
 * on disk before netavark is started, so a launcher killed at any point leaves nothing that cleanup does not find.
 */
export function connectToBridge(
  scope: Scope,
  paths: ContainerPaths,
  id: string,
  name: string,
  ports: readonly PortMapping[],
): BridgeSetup {
  const netavark = findProgram("netavark");
  const namespace = makeNetworkNamespace();
  const address = leaseAddress(leasesDir(scope), DEFAULT_NETWORK.subnet, id);
  const gateway = gatewayOf(DEFAULT_NETWORK.subnet);
  const request = JSON.stringify(netavarkRequest(id, name, address, gateway, ports));
  writeFileSync(paths.networkSetup, request, { mode: 0o600 });
  return { namespace, address, gateway, done: runNetavark(netavark, networksDir(scope), "setup", namespace, request) };
}

/**
 * Takes away the host's half of a container's network: firewall rules, published ports, the address. The namespace itself
 * went with the container, so netavark is shown another one that stands in for it, with an interface to remove: it stops
 * half-way if there is none.
 */
export async function disconnectFromBridge(scope: Scope, paths: ContainerPaths, id: string): Promise<void> {
  let text: string;
  try {
    text = readFileSync(paths.networkSetup, "utf8");
  } catch (error) {
    if (!isMissing(error)) throw error;
    text = "";
  }
  const request = parseRequest(text);
  if (request === undefined) {
    // Killed before netavark was started; an address may have been taken all the same.
    releaseAddresses(leasesDir(scope), (owner) => owner === id);
  } else {
    await tearDown(scope, text);
    for (const { static_ips } of Object.values(request.networks)) {
      for (const address of static_ips) releaseAddress(leasesDir(scope), address, id);
    }
  }
  removeIfThere(paths.networkSetup);
}

/**
 * netavark stops at the first thing that it does not find (a set-up that was killed half-way, a bridge that somebody
 * removed), so then everything is set up once more to be taken down as a whole.
 */
async function tearDown(scope: Scope, request: string): Promise<void> {
  const netavark = findProgram("netavark");
  const standIn = makeNetworkNamespace(addInterface);
  try {
    await runNetavark(netavark, networksDir(scope), "teardown", standIn, request);
  } catch {
    const fresh = makeNetworkNamespace();
    await runNetavark(netavark, networksDir(scope), "setup", fresh, request);
    await runNetavark(netavark, networksDir(scope), "teardown", fresh, request);
  }
}

/** A link of the container's interface name; a bridge, because every kernel that gets here has that driver. */
function addInterface(): void {
  const child = Bun.spawnSync([findProgram("ip"), "link", "add", INTERFACE, "type", "bridge"], { stderr: "pipe" });
  if (child.exitCode !== 0) throw new RuntimeError("network", `add ${INTERFACE}: ${child.stderr.toString().trim()}`);
}

/** Where the leases of the default network are kept. */
export function leasesDir(scope: Scope): string {
  return join(networksDir(scope), DEFAULT_NETWORK.name, "leases");
}

function parseRequest(text: string): NetavarkRequest | undefined {
  try {
    return JSON.parse(text) as NetavarkRequest;
  } catch {
    // Cut off while it was being written: netavark had not been started then.
    return undefined;
  }
}

function netavarkRequest(
  id: string,
  name: string,
  address: string,
  gateway: string,
  ports: readonly PortMapping[],
): NetavarkRequest {
  const network = DEFAULT_NETWORK;
  return {
    container_id: id,
    container_name: name,
    port_mappings: ports.map((port) => ({
      container_port: port.containerPort,
      host_ip: port.hostIp,
      host_port: port.hostPort,
      protocol: port.protocol,
      range: port.range,
    })),
    networks: { [network.name]: { static_ips: [address], interface_name: INTERFACE, aliases: [] } },
    network_info: {
      [network.name]: {
        name: network.name,
        id: Buffer.from(network.name).toString("hex").padEnd(64, "0"),
        driver: "bridge",
        network_interface: network.interface,
        created: "1970-01-01T00:00:00Z",
        subnets: [{ subnet: network.subnet, gateway }],
        ipv6_enabled: false,
        internal: false,
        dns_enabled: false,
        ipam_options: { driver: "host-local" },
        labels: {},
        options: {},
      },
    },
  };
}
