import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../scope.ts";
import { gatewayOf, leaseAddress, releaseAddress } from "./address-pool.ts";
import { RuntimeError } from "./error.ts";
import { CLONE_NEWNET, MS_BIND, mount, setns, unshare } from "./native.ts";
import { type ContainerPaths, networksDir } from "./paths.ts";
import { findProgram } from "./programs.ts";
import { isMissing, removeIfThere } from "./record.ts";
import type { PortMapping } from "./run-request.ts";

/**
 * The default network. Its subnet is next to podman's (10.88.0.0/16), not the same, so that both can be on one host.
 */
const DEFAULT_NETWORK = { name: "berth", interface: "berth0", subnet: "10.87.0.0/16" } as const;

/** netavark's request for one container: what `netavark setup` and `teardown` read on standard input. */
interface NetavarkRequest {
  container_id: string;
  container_name: string;
  port_mappings: { container_port: number; host_ip: string; host_port: number; protocol: string; range: number }[];
  networks: Record<string, { static_ips: string[]; interface_name: string; aliases: string[] }>;
  network_info: Record<string, unknown>;
}

/**
 * Makes an empty network namespace and pins it at `paths.networkNamespace`. The pin is a bind mount in the unit's own
 * mount namespace: when the last process of the container goes, the pin goes, and the kernel takes down the namespace
 * with its end of the veth pair. The calling thread is back in its own network namespace when this returns.
 */
export function makeNetworkNamespace(pin: string): void {
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    unshare(CLONE_NEWNET);
    try {
      writeFileSync(pin, "", { mode: 0o400 });
      mount("/proc/thread-self/ns/net", pin, "", MS_BIND);
    } finally {
      setns(own, CLONE_NEWNET);
    }
  } finally {
    closeSync(own);
  }
}

/** A container's place on the bridge, while its set-up runs beside the rest of the launch. */
export interface BridgeSetup {
  readonly address: string;
  readonly gateway: string;
  /** Resolves once the container is connected and its ports are published; rejects with code "network". */
  readonly done: Promise<void>;
}

/**
 * Connects the namespace at `paths.networkNamespace` to the default bridge by netavark. Everything that teardown needs is
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
  const address = leaseAddress(leasesDir(scope), DEFAULT_NETWORK.subnet, id);
  const gateway = gatewayOf(DEFAULT_NETWORK.subnet);
  const request = JSON.stringify(netavarkRequest(id, name, address, gateway, ports));
  writeFileSync(paths.networkSetup, request, { mode: 0o600 });
  return { address, gateway, done: runNetavark(netavark, scope, "setup", paths.networkNamespace, request) };
}

/**
 * Takes away the host's half of a container's network: firewall rules, published ports, the address. The namespace itself
 * went with the container, so netavark is shown an empty one that stands in for it.
 */
export async function disconnectFromBridge(scope: Scope, paths: ContainerPaths, id: string): Promise<void> {
  let text: string;
  try {
    text = readFileSync(paths.networkSetup, "utf8");
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const request = parseRequest(text);
  if (request !== undefined) {
    const standIn = join(paths.bundle, "netns-gone");
    makeNetworkNamespace(standIn);
    await runNetavark(findProgram("netavark"), scope, "teardown", standIn, text);
    for (const { static_ips } of Object.values(request.networks)) {
      for (const address of static_ips) releaseAddress(leasesDir(scope), address, id);
    }
  }
  removeIfThere(paths.networkSetup);
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
    networks: { [network.name]: { static_ips: [address], interface_name: "eth0", aliases: [] } },
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

async function runNetavark(
  program: string,
  scope: Scope,
  verb: "setup" | "teardown",
  namespace: string,
  request: string,
): Promise<void> {
  const child = Bun.spawn([program, "--config", networksDir(scope), verb, namespace], {
    stdin: Buffer.from(request),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (exitCode !== 0) throw new RuntimeError("network", `netavark ${verb}: ${netavarkError(stdout, stderr)}`);
}

/** netavark reports on standard output as {"error": …}. */
function netavarkError(stdout: string, stderr: string): string {
  try {
    const { error } = JSON.parse(stdout) as { error?: string };
    if (error !== undefined) return error;
  } catch {
    // Not JSON: say what there is.
  }
  return (stderr || stdout).trim() || "failed without a message";
}
