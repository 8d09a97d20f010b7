import { closeSync, writeFileSync } from "node:fs";
import type { Scope } from "../../../scope.ts";
import { RuntimeError } from "../../error.ts";
import { stableClientId } from "./dhcp-identity.ts";
import { tryIpCommands } from "./ip-command.ts";
import { linkNamespace } from "./namespace-link.ts";
import { runNetavark } from "./netavark.ts";
import { interfacesOf, type NetavarkRequest } from "./netavark-request.ts";
import { type GivenAddresses, givenAddresses } from "./netavark-result.ts";
import { type NetworkNamespace, withinNamespace } from "./network-namespace.ts";
import { makeStandIn } from "./stand-in-namespace.ts";

/**
 * The socket of netavark's DHCP proxy, a service of the distribution that requests addresses for containers and renews
 * them. netavark has the path built in (src/dhcp_proxy/proxy_conf.rs); systemd listens there and starts the proxy.
 */
const PROXY = "/run/podman/nv-proxy.sock";
const PROXY_UNIT = "netavark-dhcp-proxy.socket";

/** How long the proxy may take to release a lease: milliseconds. */
const RELEASE_MS = 10_000;

/**
 * How often, in milliseconds, and how many times to retry while the kernel removes an interface with the same MAC
 * address.
 */
const RETRY_MS = 50;
const RETRIES_MAX = 60;

/**
 * Has netavark create the interfaces of networks with addresses by DHCP, and request the addresses. That takes seconds,
 * so the caller does not hold netavark's lock. Returns what the servers have given, by network. Throws "network" where
 * the proxy or a server does not answer.
 */
export async function leaseByDhcp(
  scope: Scope,
  namespace: NetworkNamespace,
  request: NetavarkRequest,
  hostname: string,
): Promise<Record<string, GivenAddresses>> {
  if (!(await proxyAnswers())) {
    const networks = Object.keys(request.networks).join(", ");
    throw new RuntimeError(
      "network",
      `network ${networks} has its addresses by DHCP, and nothing answers at ${PROXY}: start ${PROXY_UNIT}`,
    );
  }
  const asked: NetavarkRequest = {
    ...request,
    // The server recognizes the client by it, so it must be the same at the next start.
    container_id: stableClientId(request.container_name),
    container_hostname: hostname,
    port_mappings: [],
  };
  const path = linkNamespace(scope, request.container_id, namespace.path);
  const { output } = await setUpOnceFree(scope, { ...namespace, path }, asked);
  const given = givenAddresses(await output);
  withinNamespace(namespace, () => {
    for (const { interface_name: name } of interfacesOf(request)) keepSecondAddress(name);
  });
  return given;
}

/** Has the proxy release the leases of a container that has ended. */
export async function releaseByDhcp(scope: Scope, request: NetavarkRequest): Promise<void> {
  // A proxy that does not run renews nothing.
  if (!(await proxyAnswers())) return;
  const namespace = makeStandIn(request);
  try {
    await runNetavark(scope, "teardown", namespace, { ...request, port_mappings: [] }, { timeout: RELEASE_MS });
  } finally {
    closeSync(namespace.fd);
  }
}

/**
 * The kernel removes an interface some time after its container has ended; until then no other one on the same device
 * can be brought up with its MAC address.
 */
async function setUpOnceFree(scope: Scope, namespace: NetworkNamespace, request: NetavarkRequest) {
  for (let retry = 0; ; retry++) {
    try {
      return await runNetavark(scope, "setup", namespace, request);
    } catch (error) {
      const busy = error instanceof RuntimeError && /Address already in use/.test(error.message);
      if (!busy || retry === RETRIES_MAX) throw error;
      // netavark leaves the interfaces that it has created, which may be some of several.
      const commands = interfacesOf(request).map(({ interface_name: name }) => `link del ${name}`);
      withinNamespace(namespace, () => tryIpCommands(commands));
      await Bun.sleep(RETRY_MS);
    }
  }
}

/**
 * When a server gives another address of the same subnet, the proxy adds it and then removes the first one, and the
 * kernel would remove all of that subnet with it (Documentation/networking/ip-sysctl, promote_secondaries). systemd
 * sets 1 by default, but perhaps not in this namespace.
 */
function keepSecondAddress(name: string): void {
  writeFileSync(`/proc/sys/net/ipv4/conf/${name}/promote_secondaries`, "1");
}

/** Whether the proxy, or systemd in its place, listens. */
async function proxyAnswers(): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: PROXY, socket: { data: () => undefined } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
