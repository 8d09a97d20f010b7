import { closeSync, fstatSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { removeIfThere, replaceFile } from "../../../system/files.ts";
import { CLONE_NEWNET, setns } from "../../../system/namespaces.ts";
import type { ProcessIdentity } from "../../../system/process-identity.ts";
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
import { dnsServerDir, readPidFile } from "../connect/dns-server.ts";
import { netavarkDir } from "../connect/netavark.ts";
import { connectByPasta } from "./pasta.ts";
import { ROOTLESS_UNITS } from "./rootless-namespace.ts";
import { rootlessPaths, writePasta } from "./rootless-record.ts";

/** The name of the namespace in the file descriptor store of pasta's unit. */
const KEPT = "net";
/** The first file descriptor that systemd hands over, sd_listen_fds(3). */
const FIRST_FD = 3;

/**
 * Runs for ROOTLESS_UNITS.pasta: connects the rootless network namespace to the host, the one in the unit's file
 * descriptor store or else a new one. So a pasta that has been killed has a successor in the same namespace, with all
 * its bridges. Executes berth again in the user namespace. Returns pasta's process. Throws "network".
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
  }).view.catch((error: Error) => {
    // For startRootlessUnits(): systemd would only report that the unit has failed.
    replaceFile(paths.failure, error.message);
    throw error;
  });
  // Until then no unit owns the namespace: if this process is killed here, the next start makes a new one.
  const inode = kept === undefined ? keep(paths.namespace, env.NOTIFY_SOCKET) : fstatSync(kept.fd).ino;
  const pasta = readPidFile(pidFile);
  if (pasta === undefined) throw new RuntimeError("network", "pasta has ended");
  writePasta(scope, { pasta, inode, gateway, resolvers });
  return pasta;
}

/** Enters the user namespace of the network namespace that systemd has kept, or a new one. */
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

/** Removes the files of an earlier namespace: its processes, DNS names, and netavark's state of its firewall. */
function clearAway(scope: Scope): void {
  const { directory } = rootlessPaths(scope);
  for (const path of [directory, dnsServerDir(scope), join(netavarkDir(scope), "firewall")])
    rmSync(path, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/**
 * Has systemd keep the network namespace at `path`, and with it its user namespace, for this unit (sd_notify(3)).
 * Leaves this process in it. Returns its inode number.
 */
function keep(path: string, socket: string | undefined): number {
  if (socket === undefined)
    throw new RuntimeError("systemd", `this is not ${ROOTLESS_UNITS.pasta}: systemd could keep nothing`);
  const mounted = openSync(path, "r");
  setns(mounted, CLONE_NEWNET);
  closeSync(mounted);
  // Not the mounted file: once its mount namespace is gone, it cannot be mounted again (Linux 6.1).
  const fd = openSync("/proc/thread-self/ns/net", "r");
  try {
    storeNamespaces(socket, [{ kind: KEPT, fd }]);
    return fstatSync(fd).ino;
  } finally {
    closeSync(fd);
  }
}
