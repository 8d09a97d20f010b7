import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import { PLAIN_ENVIRONMENT, runCommand } from "../../../system/process.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import type { NetworkNamespace } from "../connect/network-namespace.ts";
import { checkUsersPorts, pinCommand } from "./pasta.ts";
import { publisherArguments, routeArguments } from "./pasta-arguments.ts";
import { type ReturnRoute, returnRouteOf, returnRouteScript } from "./return-route.ts";

/** A pasta that only brings in connections to published ports, for a container on bridges. */
export interface PortPublisher {
  /** The container's network namespace. */
  readonly namespace: NetworkNamespace;
  /** Starts pasta, now that the addresses are known. Rejects with "network" if a port is taken. */
  publish(route: ReturnRoute): Promise<void>;
  /** Routes answers back to pasta; to be called once the namespace's interfaces are up. Rejects with "network". */
  openReturnRoute(): Promise<void>;
  /** Ends pasta, or the shell that waits to become it. */
  cancel(): void;
}

/**
 * Publishes ports of a namespace that is connected to the bridges already; this process has to be in the rootless user
 * namespace, and in the host's network. Rejects with "network" if a port is taken.
 */
export async function publishRootlessPorts(
  ports: readonly PortMapping[],
  addresses: readonly string[],
  own: NetworkNamespace,
  pin: string,
): Promise<void> {
  const publisher = openPublisher(ports, own, pin);
  try {
    await publisher.publish(returnRouteOf(addresses, ports));
    await publisher.openReturnRoute();
  } catch (error) {
    publisher.cancel();
    throw error;
  }
}

/**
 * Mounts the namespace at `pin`, a new one if `own` is undefined, and starts a shell in the host's network that waits
 * for the addresses and then becomes pasta: this process cannot come back to the host's network to start it.
 */
export function openPublisher(
  ports: readonly PortMapping[],
  own: NetworkNamespace | undefined,
  pin: string,
): PortPublisher {
  checkUsersPorts(ports);
  const words = publisherArguments(ports, pin);
  mkdirSync(dirname(pin), { recursive: true, mode: 0o700 });
  writeFileSync(pin, "", { mode: 0o600 });
  const made = runCommand(pinCommand(own?.path, pin));
  if (made.exitCode !== 0) throw new RuntimeError("network", `make a namespace: ${made.stderr}`);
  const namespace = own ?? { fd: openSync(pin, "r"), path: pin };
  // No word of routeArguments() has a blank in it.
  const script = 'read -r words && [ -n "$words" ] && exec "$0" $words "$@"';
  const shell = Bun.spawn(["/bin/sh", "-c", script, findProgram("pasta"), ...words], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
    env: PLAIN_ENVIRONMENT,
  });
  let opened: ReturnRoute | undefined;
  return {
    namespace,
    publish: async (route) => {
      opened = route;
      shell.stdin.write(`${routeArguments(route).join(" ")}\n`);
      await shell.stdin.end();
      const [stderr, exitCode] = await Promise.all([new Response(shell.stderr).text(), shell.exited]);
      if (exitCode !== 0) throw new RuntimeError("network", `pasta: ${stderr.trim().replaceAll("\n", "; ")}`);
    },
    openReturnRoute: async () => {
      if (opened === undefined) return;
      const words = [findProgram("nsenter"), `--net=${pin}`, "--", "/bin/sh", "-euc", returnRouteScript(opened)];
      const env = PLAIN_ENVIRONMENT;
      const child = Bun.spawn(words, { stdin: "ignore", stdout: "ignore", stderr: "pipe", env });
      const [stderr, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
      if (exitCode !== 0) throw new RuntimeError("network", `open the way back of published ports: ${stderr.trim()}`);
    },
    cancel: () => shell.kill("SIGKILL"),
  };
}
