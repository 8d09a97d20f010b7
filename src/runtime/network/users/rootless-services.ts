import { closeSync, existsSync, fstatSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { readIfThere, removeIfThere, replaceFile } from "../../../system/files.ts";
import { CLONE_NEWNET, setns } from "../../../system/namespaces.ts";
import { PLAIN_ENVIRONMENT, runCommand } from "../../../system/process.ts";
import { identify, type ProcessIdentity } from "../../../system/process-identity.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { type OpenNamespace, storeNamespaces } from "../../systemd/pinned-namespaces.ts";
import {
  type BerthProcess,
  broughtNamespaces,
  enterOpenNamespace,
  enterUserNamespace,
  userNamespaceOwner,
} from "../../user-namespace/enter.ts";
import { openOutermostOwner } from "../../user-namespace/outermost-namespace.ts";
import { netavarkDir } from "../connect/netavark.ts";
import { connectByPasta } from "./pasta.ts";
import {
  enterRootlessNamespace,
  joinRootlessNetwork,
  type PastaRecord,
  ROOTLESS_UNITS,
  readRootlessNamespace,
  rootlessPaths,
} from "./rootless-namespace.ts";

/** The name of the namespace in the file descriptor store of pasta's unit. */
const KEPT = "net";
/** The first file descriptor that systemd hands over, sd_listen_fds(3). */
const FIRST_FD = 3;
/** A name that no network can have. */
const PLACEHOLDER = "_berth";
/** How often, and how many times, to look for the name server's process: milliseconds. */
const LOOK_MS = 10;
const LOOKS_MAX = 200;

/**
 * What ROOTLESS_UNITS.pasta runs: connects the shared network namespace to the host, and makes it if systemd has not
 * handed it over out of the unit's file descriptor store. So a pasta that has been killed has a successor in the same
 * namespace, where all bridges still are. Executes berth again in the user namespace. Returns pasta's process. Throws
 * "network".
 */
export async function startRootlessPasta(self: BerthProcess): Promise<ProcessIdentity> {
  const { scope, env } = self;
  if (userNamespaceOwner(env) === undefined) enterOwnNamespace(self);
  const kept = broughtNamespaces(scope, env)?.find(({ kind }) => kind === "net");
  const paths = rootlessPaths(scope);
  const pidFile = join(paths.directory, "pasta.pid");
  if (kept === undefined) clearAway(scope);
  removeIfThere(paths.failure);
  const { gateway, resolvers } = await connectByPasta({
    path: paths.namespace,
    namespace: kept === undefined ? undefined : `/proc/${process.pid}/fd/${kept.fd}`,
    options: ["--no-netns-quit", "--pid", pidFile],
    ports: [],
  }).facts.catch((error: Error) => {
    // For who waits for the networks: systemd says no more than that something has failed.
    replaceFile(paths.failure, error.message);
    throw error;
  });
  // Until then it is nobody's: killed here, this is begun anew.
  const inode = kept === undefined ? keep(paths.namespace, env.NOTIFY_SOCKET) : fstatSync(kept.fd).ino;
  const pasta = readProcess(pidFile);
  if (pasta === undefined) throw new RuntimeError("network", "pasta has ended");
  replaceFile(paths.pasta, JSON.stringify({ pasta, inode, gateway, resolvers } satisfies PastaRecord));
  return pasta;
}

/** The user namespace of what systemd has kept, or a new one. */
function enterOwnNamespace(self: BerthProcess): void {
  const { env } = self;
  const names = Number(env.LISTEN_PID) === process.pid ? (env.LISTEN_FDNAMES ?? "").split(":") : [];
  const at = names.indexOf(KEPT);
  if (at < 0) {
    enterUserNamespace(self);
    return;
  }
  const net: OpenNamespace = { kind: KEPT, fd: FIRST_FD + at };
  const user = openOutermostOwner(net.fd, "the namespace that systemd has kept");
  enterOpenNamespace(self, [{ kind: "user", fd: user }, net]);
}

/**
 * What is known of an earlier namespace: its processes, names of its containers, and netavark's notes of its firewall.
 */
function clearAway(scope: Scope): void {
  const { directory } = rootlessPaths(scope);
  const known = ["aardvark-dns", "firewall"].map((name) => join(netavarkDir(scope), name));
  for (const path of [directory, ...known]) rmSync(path, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/**
 * Has systemd keep a network namespace, and with it the user namespace that it belongs to, for this unit
 * (sd_notify(3)). Leaves this process in it. Returns its inode number.
 */
function keep(path: string, socket: string | undefined): number {
  if (socket === undefined)
    throw new RuntimeError("systemd", `this is not ${ROOTLESS_UNITS.pasta}: systemd could keep nothing`);
  const mounted = openSync(path, "r");
  setns(mounted, CLONE_NEWNET);
  closeSync(mounted);
  // The file that is mounted cannot be mounted again (Linux 6.1) once the mount namespace that it is mounted in is
  // gone.
  const fd = openSync("/proc/thread-self/ns/net", "r");
  try {
    storeNamespaces(socket, [{ kind: KEPT, fd }]);
    return fstatSync(fd).ino;
  } finally {
    closeSync(fd);
  }
}

/**
 * What ROOTLESS_UNITS.names runs: the name server, which netavark would start in the unit of the first container with a
 * name; that unit's end would be the name server's. It stays for want of anything to say as long as it knows one
 * network, so it is given one, under a name that no other can have. Executes berth again in the shared namespaces.
 * Returns its process. Throws "network".
 */
export async function startRootlessDns(self: BerthProcess): Promise<ProcessIdentity> {
  const { scope, env } = self;
  enterRootlessNamespace(self);
  const shared = userNamespaceOwner(env) === undefined ? undefined : readRootlessNamespace(scope);
  if (shared === undefined || !joinRootlessNetwork(scope))
    throw new RuntimeError("network", `${ROOTLESS_UNITS.pasta} does not run`);
  const { directory, names } = rootlessPaths(scope);
  const config = join(netavarkDir(scope), "aardvark-dns");
  const pidFile = join(config, "aardvark.pid");
  mkdirSync(config, { recursive: true, mode: 0o700 });
  writeFileSync(join(config, PLACEHOLDER), "127.0.0.53\n0 127.0.0.53  nobody\n");
  endOther(pidFile);
  const resolvConf = join(directory, "resolv.conf");
  writeFileSync(resolvConf, shared.resolvers.map((resolver) => `nameserver ${resolver}\n`).join(""));
  // This mount namespace is the name server's alone.
  if (existsSync("/etc/resolv.conf")) run([findProgram("mount"), "--bind", resolvConf, "/etc/resolv.conf"]);
  run([findProgram("aardvark-dns"), "--config", config, "-p", "53", "run"]);
  // It goes on in the background, and says where.
  for (let look = 0; look < LOOKS_MAX; look++) {
    const server = readProcess(pidFile);
    if (server !== undefined) {
      replaceFile(names, JSON.stringify(server));
      return server;
    }
    await Bun.sleep(LOOK_MS);
  }
  throw new RuntimeError("network", "aardvark-dns has ended");
}

/** One that netavark has started, while there was none, in the unit of a container. */
function endOther(pidFile: string): void {
  const other = readProcess(pidFile);
  removeIfThere(pidFile);
  if (other === undefined || readIfThere(`/proc/${other.pid}/comm`)?.trim() !== "aardvark-dns") return;
  process.kill(other.pid, "SIGKILL");
}

function readProcess(pidFile: string): ProcessIdentity | undefined {
  const pid = Number(readIfThere(pidFile));
  return Number.isInteger(pid) && pid > 0 ? identify(pid) : undefined;
}

function run(words: readonly string[]): void {
  const { exitCode, stderr } = runCommand(words, { env: PLAIN_ENVIRONMENT });
  if (exitCode !== 0) throw new RuntimeError("network", `${words[0]}: ${stderr}`);
}
