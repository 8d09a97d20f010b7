import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { isMissing, replaceFile } from "../files.ts";
import { CLONE_NEWNET, setns } from "../native.ts";
import { identify, isAlive, type ProcessIdentity } from "../process-identity.ts";
import { findProgram } from "../programs.ts";
import type { Environment } from "../runc.ts";
import { enterOpenNamespace, userNamespaceOwner } from "../user-namespace.ts";
import { netavarkDir } from "./netavark.ts";
import { connectByPasta } from "./pasta.ts";

/** The user unit whose process connects the namespace to the outside. */
export const SHARED_NAMESPACE_UNIT = "berth-networks.service";

/**
 * An ordinary user's bridges are in a network namespace of their own, in one user namespace with all containers that they
 * connect; pasta connects it to the host. Both namespaces live by the processes of SHARED_NAMESPACE_UNIT, which is on
 * when the first container needs it.
 */
export interface SharedNamespace {
  /** It holds the network namespace open, and is in the user namespace. */
  readonly pasta: ProcessIdentity;
  /** Where the host is reached from inside, and which resolvers answer. */
  readonly gateway: string | undefined;
  readonly resolvers: readonly string[];
}

const sharedDir = (scope: Scope) => join(scope.runtimeDir, "shared-namespace");
const namespaceFile = (scope: Scope) => join(sharedDir(scope), "namespace", "net");
const recordFile = (scope: Scope) => join(sharedDir(scope), "record.json");

/** The process that has the shared namespaces; undefined where the unit does not run. */
export function readShared(scope: Scope): SharedNamespace | undefined {
  try {
    const shared = JSON.parse(readFileSync(recordFile(scope), "utf8")) as SharedNamespace;
    return isAlive(shared.pasta) ? shared : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * In a user's scope: executes berth again in the user namespace that containers on bridges share. With `start` the unit is
 * started if it does not run; without, this returns then, as it does in that namespace. Throws "network" when it does not start.
 */
export function enterSharedNamespace(scope: Scope, start: boolean, env: Environment): void {
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  let shared = readShared(scope);
  if (shared === undefined && start) {
    const words = [findProgram("systemctl"), "--user", "start", SHARED_NAMESPACE_UNIT];
    const child = Bun.spawnSync(words, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    shared = readShared(scope);
    if (shared === undefined) {
      const said = child.stderr.toString().trim().split("\n")[0];
      throw new RuntimeError("network", `start ${SHARED_NAMESPACE_UNIT}: ${said || "it has no process"}`);
    }
  }
  if (shared === undefined) return;
  const fd = openSync(`/proc/${shared.pasta.pid}/ns/user`, "r");
  enterOpenNamespace(scope, [{ kind: "user", fd }], env);
}

/**
 * Moves this thread, and what it starts from now on, into the shared network namespace; there is no way back to the host's.
 * False where there is none, or this process is not in the shared user namespace.
 */
export function joinSharedNetwork(scope: Scope): boolean {
  const shared = readShared(scope);
  // From another user namespace the bridges are out of reach.
  if (shared === undefined || linkOf(`/proc/${shared.pasta.pid}/ns/user`) !== linkOf("/proc/self/ns/user"))
    return false;
  const directory = `/proc/${shared.pasta.pid}/fd`;
  const path = namespaceFile(scope);
  const name = readdirSync(directory).find((fd) => linkOf(join(directory, fd)) === path);
  if (name === undefined) return false;
  const fd = openSync(join(directory, name), "r");
  try {
    setns(fd, CLONE_NEWNET);
    return true;
  } finally {
    closeSync(fd);
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed in the meantime.
    return "";
  }
}

/**
 * Makes the shared network namespace: what the unit's ExecStart= does, in the user namespace that is to be shared, in a mount
 * namespace of its own. Returns pasta's process, which is the unit's. Throws "network".
 */
export async function makeSharedNamespace(scope: Scope): Promise<ProcessIdentity> {
  const directory = sharedDir(scope);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = namespaceFile(scope);
  const pidFile = join(directory, "pasta.pid");
  const { gateway, resolvers } = await connectByPasta({
    path,
    namespace: undefined,
    options: ["--no-netns-quit", "--pid", pidFile],
    ports: [],
  }).facts;
  const pasta = identify(Number(readFileSync(pidFile, "utf8")));
  if (pasta === undefined) throw new RuntimeError("network", "pasta has ended");
  startNameServer(scope, path, resolvers);
  replaceFile(recordFile(scope), JSON.stringify({ pasta, gateway, resolvers } satisfies SharedNamespace));
  return pasta;
}

/**
 * Starts the name server, which netavark would start in the unit of the first container with a name; that unit's end would be
 * the name server's. It stays for want of anything to say as long as it knows one network, so it is given one,
 * under a name that no other can have.
 */
function startNameServer(scope: Scope, namespace: string, resolvers: readonly string[]): void {
  const config = join(netavarkDir(scope), "aardvark-dns");
  rmSync(config, { recursive: true, force: true });
  // What netavark remembers of a firewall that is no more.
  rmSync(join(netavarkDir(scope), "firewall"), { recursive: true, force: true });
  mkdirSync(config, { recursive: true, mode: 0o700 });
  writeFileSync(join(config, "_berth"), "127.0.0.53\n0 127.0.0.53  nobody\n");
  const resolvConf = join(sharedDir(scope), "resolv.conf");
  writeFileSync(resolvConf, resolvers.map((resolver) => `nameserver ${resolver}\n`).join(""));
  const mount = [findProgram("mount"), "--bind", resolvConf, "/etc/resolv.conf"];
  const server = [findProgram("aardvark-dns"), "--config", config, "-p", "53", "run"];
  const script = `${mount.map(quote).join(" ")} && exec ${server.map(quote).join(" ")}`;
  const words = [findProgram("nsenter"), `--net=${namespace}`, "--", "/bin/sh", "-c", script];
  const child = Bun.spawnSync(words, {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  if (child.exitCode !== 0) throw new RuntimeError("network", `aardvark-dns: ${child.stderr.toString().trim()}`);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
