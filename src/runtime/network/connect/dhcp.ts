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
 * Where netavark finds its DHCP proxy, a service of the distribution's that asks for addresses on behalf of containers
 * and renews them: the way is fixed in netavark (src/dhcp_proxy/proxy_conf.rs). systemd listens there and starts it.
 */
const PROXY = "/run/podman/nv-proxy.sock";
const PROXY_UNIT = "netavark-dhcp-proxy.socket";

/** How long the proxy may take to forget a lease: milliseconds. */
const RELEASE_MS = 10_000;

/** How often, and how many times, to try again while an interface with the same MAC address goes: milliseconds. */
const RETRY_MS = 50;
const RETRIES_MAX = 60;

/**
 * Has netavark make the interfaces of networks whose addresses come by DHCP, and ask for these: seconds, in which
 * others' networks are not held up. Returns what the servers have given, by network. Throws "network" where the proxy
 * or a server does not answer.
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
    // By this a server knows a client, so it is to be the same at the next start.
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

/** Has the proxy forget what it renews for a container that has ended. */
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
 * The kernel takes an interface away some time after its container has ended; until then another one on the same device
 * cannot be brought up with its MAC address.
 */
async function setUpOnceFree(scope: Scope, namespace: NetworkNamespace, request: NetavarkRequest) {
  for (let retry = 0; ; retry++) {
    try {
      return await runNetavark(scope, "setup", namespace, request);
    } catch (error) {
      const busy = error instanceof RuntimeError && /Address already in use/.test(error.message);
      if (!busy || retry === RETRIES_MAX) throw error;
      // netavark has left what it made; of several, some may not be there yet.
      const commands = interfacesOf(request).map(({ interface_name: name }) => `link del ${name}`);
      withinNamespace(namespace, () => tryIpCommands(commands));
      await Bun.sleep(RETRY_MS);
    }
  }
}

/**
 * When a server gives another address of the same subnet, the proxy adds it and then takes the first away, with which
 * the kernel would take all of that subnet (Documentation/networking/ip-sysctl, promote_secondaries). systemd's default
 * of 1 may not have come here.
 */
function keepSecondAddress(name: string): void {
  writeFileSync(`/proc/sys/net/ipv4/conf/${name}/promote_secondaries`, "1");
}

/** Whether somebody listens, which can be systemd alone. */
async function proxyAnswers(): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: PROXY, socket: { data: () => undefined } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
