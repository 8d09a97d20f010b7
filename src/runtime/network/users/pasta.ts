import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import { PLAIN_ENVIRONMENT } from "../../../system/process.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { checkPorts } from "../connect/published-ports.ts";
import type { NetworkView } from "../names/etc-files.ts";
import { readHostAddresses } from "../names/host-address.ts";
import { MAP_GUEST_ADDRESS, pastaCommand } from "./pasta-arguments.ts";
import { addressesInside, pastaView } from "./pasta-view.ts";

/** A pasta that is being started. Both promises reject with "network". */
export interface PastaConnection {
  /** Resolves once the namespace can be joined at the request's path. */
  readonly pinned: Promise<void>;
  /** Resolves once the namespace is connected. */
  readonly view: Promise<NetworkView>;
}

/** A namespace for pasta to connect. */
export interface PastaRequest {
  /**
   * A path below the user's runtime directory, where AppArmor lets pasta look for namespaces (not so in /proc/PID/fd).
   * The namespace is mounted there, so this process has to be in a mount namespace of its own.
   */
  readonly path: string;
  /** An existing namespace; a new one if undefined. */
  readonly namespace: string | undefined;
  readonly options: readonly string[];
  readonly ports: readonly PortMapping[];
}

/**
 * Has pasta connect a network namespace to the host, without privileges: it forwards packets by sockets of its own, in
 * the network namespace of this process. It stays in this process's cgroup and so ends with the unit; where no unit
 * ends it, it ends by itself when the file at `path` is removed. Throws "bad-request" and "missing-program" at once.
 *
 * Other programs do all of it, one after the other, while this process goes on: from inside a user namespace it could
 * enter the new network namespace, but not return to the host's.
 */
export function connectByPasta(request: PastaRequest): PastaConnection {
  const { path, options, ports } = request;
  const pasta = findProgram("pasta");
  const pin = pinCommand(request.namespace, path);
  checkUsersPorts(ports);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, "", { mode: 0o600 });
  // Looked up in the program, not tried out: on an unknown option pasta writes all of its usage to the journal, too.
  const mapsGuestAddress = readFileSync(pasta).includes(MAP_GUEST_ADDRESS.slice(2));
  const command = pastaCommand({ path, options, ports, mapsGuestAddress });
  const show = [findProgram("nsenter"), `--net=${path}`, findProgram("ip"), "-json", "address"];
  const pinned = Promise.withResolvers<void>();
  const view = runInTurn([pin, [pasta, ...command.args], show], pinned.resolve).then((shown) => {
    const inside = addressesInside(shown, (why) => {
      throw failure(`read the addresses inside: ${why}`);
    });
    return pastaView(command, inside, readHostAddresses());
  });
  view.catch(pinned.reject);
  // The caller handles a failure when it awaits the promise; until then it must not count as unhandled.
  pinned.promise.catch(() => undefined);
  return { pinned: pinned.promise, view };
}

/** The command that mounts a network namespace at `path`, a new one if `namespace` is undefined. */
export function pinCommand(namespace: string | undefined, path: string): string[] {
  const mount = [findProgram("mount"), "--bind", namespace ?? "/proc/self/ns/net", path];
  return namespace === undefined ? [findProgram("unshare"), "--net", ...mount] : mount;
}

/**
 * Throws "network" for a port that a user cannot publish: taken, or below those that an ordinary user may bind (ip(7)).
 * pasta would only say "Permission denied", and a pasta of 2023 nothing about a part of a range. To be called in the
 * host's network namespace.
 */
export function checkUsersPorts(ports: readonly PortMapping[]): void {
  if (ports.length === 0) return;
  const first = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  const low = ports.find(({ hostPort }) => hostPort < first);
  if (low !== undefined) {
    const limit = `a user may publish ports from ${first} on (sysctl net.ipv4.ip_unprivileged_port_start)`;
    throw new RuntimeError("network", `publish port ${low.hostPort}: ${limit}`);
  }
  checkPorts(ports, []);
}

/**
 * Runs commands until one fails, by a shell, so that this process need not act in between. Returns the last one's
 * output.
 */
async function runInTurn(commands: readonly (readonly string[])[], firstDone: () => void): Promise<string> {
  // The words of all commands are arguments of the shell, which the script refers to by number: nothing needs quoting.
  const script = commands.map(({ length }, at) => {
    const arguments_ = Array.from({ length }, (_, index) => `"\${${1 + index}}"`).join(" ");
    const tell = at === 0 ? "; echo" : "";
    return at + 1 < commands.length ? `${arguments_} >&2 || exit; shift ${length}${tell}` : `exec ${arguments_}`;
  });
  const child = Bun.spawn(["/bin/sh", "-c", script.join("; "), "sh", ...commands.flat()], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: PLAIN_ENVIRONMENT,
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    readTelling(child.stdout, firstDone),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (exitCode !== 0) throw failure(stderr.trim() || `ended with status ${exitCode}`);
  return stdout;
}

/** The whole output, as text. Calls `begun` at its first bytes. */
async function readTelling(stream: ReadableStream<Uint8Array>, begun: () => void): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    begun();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** pasta's message in one line, without the usage that it adds to a wrong option. */
function failure(message: string): RuntimeError {
  const [said = ""] = message.split("\nUsage:");
  return new RuntimeError("network", `pasta: ${said.trim().replaceAll("\n", "; ")}`);
}
