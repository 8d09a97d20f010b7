import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Scope } from "../../../scope.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { type Connection, connect } from "../connect/netavark-connection.ts";
import type { ConnectRequest } from "../connect/netavark-request.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../connect/network-namespace.ts";
import { checkUsersPorts } from "./pasta.ts";
import { publishArguments } from "./pasta-arguments.ts";
import { PUBLISH_GATEWAY, PUBLISH_INTERFACE, type ReturnRoute, returnRouteScript } from "./return-route.ts";
import { joinRootlessNetwork, ROOTLESS_UNITS, readRootlessNamespace } from "./rootless-namespace.ts";

/**
 * connect() for an ordinary user, whose bridges are in the shared network namespace: this process joins that, for good.
 * Published ports are not the bridge's there: a pasta of the namespace's own, which stays on the host's side, brings
 * them in by an interface of its own (PUBLISH_INTERFACE). `pin` is where the namespace is mounted for that (see
 * connectByPasta()).
 */
export function connectRootless(
  scope: Scope,
  request: ConnectRequest,
  own: NetworkNamespace | undefined,
  pin: string,
): Connection {
  const publisher = request.ports.length === 0 ? undefined : openPublisher(request, own, pin);
  let connection: Connection;
  try {
    connection = connectThere(scope, request, publisher?.namespace ?? own);
  } catch (error) {
    publisher?.cancel();
    throw error;
  }
  if (publisher === undefined) return connection;
  const publish = async () => {
    try {
      await publisher.publish(returnRouteOf(addressesIn(connection), request.ports));
    } catch (error) {
      publisher.cancel();
      throw error;
    }
  };
  // finish() tells of what goes wrong from here on: netavark is at work, and has to be waited for.
  const published = publish();
  published.catch(() => undefined);
  return {
    ...connection,
    finish: async () => {
      await Promise.all([connection.finish(), published]);
      await publisher.openReturnRoute();
      return undefined;
    },
    settle: async () => {
      await connection.settle();
      await published.catch(() => undefined);
    },
  };
}

function connectThere(scope: Scope, request: ConnectRequest, own: NetworkNamespace | undefined): Connection {
  const shared = readRootlessNamespace(scope);
  if (shared === undefined || !joinRootlessNetwork(scope))
    throw new RuntimeError("network", `${ROOTLESS_UNITS.all} has ended`);
  const connected = connect(scope, own ?? makeNetworkNamespace(), { ...request, ports: [] });
  // The bridge's own address is not the host's here, and the host's resolvers are behind pasta's.
  const { gateway = connected.view.gateway, resolvers } = shared;
  return { ...connected, ports: request.ports, view: { ...connected.view, gateway, resolvers } };
}

/**
 * Publishes ports of a namespace that has its place in the shared network already, as connectRootless() does; this
 * process has to be in the shared user namespace, and in the host's network. Rejects with "network" if a port is taken.
 */
export async function publishRootlessPorts(
  ports: ConnectRequest["ports"],
  addresses: readonly string[],
  own: NetworkNamespace,
  pin: string,
): Promise<void> {
  const publisher = openPublisher({ ports }, own, pin);
  try {
    await publisher.publish(returnRouteOf(addresses, ports));
    await publisher.openReturnRoute();
  } catch (error) {
    publisher.cancel();
    throw error;
  }
}

/** The address that ports lead to is the first network's that has one. */
function returnRouteOf(addresses: readonly string[], ports: ConnectRequest["ports"]): ReturnRoute {
  const ipv4 = addresses.find((address) => !address.includes(":"));
  const ipv6 = addresses.find((address) => address.includes(":"));
  if (ipv4 === undefined && ipv6 === undefined)
    throw new RuntimeError("network", "ports cannot be published: the container has no address");
  return { ipv4, ipv6, ports };
}

function addressesIn({ networks }: Connection): string[] {
  return networks.flatMap(({ addresses }) => addresses);
}

interface Publisher {
  readonly namespace: NetworkNamespace;
  /** Has pasta go on, now that the addresses are known. Rejects with "network" if a port is taken. */
  publish(path: ReturnRoute): Promise<void>;
  /** Lets answers go out the way that questions came in; once the namespace's interfaces are there. */
  openReturnRoute(): Promise<void>;
  cancel(): void;
}

/** Makes the namespace, and starts what will be pasta: a shell in the host's network that waits for the last words. */
function openPublisher(
  { ports }: Pick<ConnectRequest, "ports">,
  own: NetworkNamespace | undefined,
  pin: string,
): Publisher {
  checkUsersPorts(ports);
  const fixed = ports.flatMap(publishArguments);
  mkdirSync(dirname(pin), { recursive: true, mode: 0o700 });
  writeFileSync(pin, "", { mode: 0o600 });
  const mount = [findProgram("mount"), "--bind", own?.path ?? "/proc/self/ns/net", pin];
  const made = Bun.spawnSync(own === undefined ? [findProgram("unshare"), "--net", ...mount] : mount, {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  if (made.exitCode !== 0) throw new RuntimeError("network", `make a namespace: ${made.stderr.toString().trim()}`);
  const namespace = own ?? { fd: openSync(pin, "r"), path: pin };
  const none = ["-t", "-u"].filter((flag) => !fixed.includes(flag)).flatMap((flag) => [flag, "none"]);
  const words = [...fixed, ...none, "-T", "none", "-U", "none", "--no-map-gw", "--quiet", "--netns", pin];
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
  // What it reads has no blanks in it but those that divide words.
  const script = 'read -r words && [ -n "$words" ] && exec "$0" $words "$@"';
  const shell = Bun.spawn(["/bin/sh", "-c", script, findProgram("pasta"), ...words], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
    env,
  });
  let back: ReturnRoute | undefined;
  return {
    namespace,
    publish: async (path) => {
      back = path;
      shell.stdin.write(`${addressArguments(path).join(" ")}\n`);
      await shell.stdin.end();
      const [stderr, exitCode] = await Promise.all([new Response(shell.stderr).text(), shell.exited]);
      if (exitCode !== 0) throw new RuntimeError("network", `pasta: ${stderr.trim().replaceAll("\n", "; ")}`);
    },
    openReturnRoute: async () => {
      if (back === undefined) return;
      const child = Bun.spawn(
        [findProgram("nsenter"), `--net=${pin}`, "--", "/bin/sh", "-euc", returnRouteScript(back)],
        {
          stdin: "ignore",
          stdout: "ignore",
          stderr: "pipe",
          env,
        },
      );
      const [stderr, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
      if (exitCode !== 0) throw new RuntimeError("network", `open the way back of published ports: ${stderr.trim()}`);
    },
    cancel: () => shell.kill("SIGKILL"),
  };
}

/** pasta's words about the namespace's own addresses, and where answers are sent to. */
function addressArguments({ ipv4, ipv6 }: ReturnRoute): string[] {
  const words = ["-I", PUBLISH_INTERFACE];
  if (ipv4 === undefined) words.push("-6");
  else words.push("-a", ipv4, "-n", "32", "-g", PUBLISH_GATEWAY.ipv4);
  if (ipv6 === undefined) words.push("-4");
  else words.push("-a", ipv6, "-g", PUBLISH_GATEWAY.ipv6);
  return words;
}
