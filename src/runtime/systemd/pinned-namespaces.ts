import { closeSync, openSync, readlinkSync } from "node:fs";
import type { NamespaceKind, PinnedNamespaces } from "../../state/namespace-pins.ts";
import { sendDatagram, sendDescriptor } from "../../system/datagram.ts";
import { isMissing, SystemError } from "../../system/error.ts";
import { listIfThere } from "../../system/files.ts";
import { isAlive, type ProcessIdentity } from "../../system/process-identity.ts";
import { RuntimeError } from "../error.ts";
import { waitForBarrier } from "./notify.ts";

/** An open namespace file. */
export interface OpenNamespace {
  readonly kind: NamespaceKind;
  readonly fd: number;
}

/** Has the manager keep namespaces as storeNamespaces() does. `manager` is its process. */
export function pinNamespaces(
  socket: string,
  manager: ProcessIdentity,
  namespaces: readonly OpenNamespace[],
): PinnedNamespaces {
  return { manager, inodes: storeNamespaces(socket, namespaces) };
}

/**
 * Lets the manager keep namespaces, by FDSTORE=1 of sd_notify(3), in place of those it kept before of the same kinds.
 * The caller is a process of the unit, which needs FileDescriptorStoreMax= and NotifyAccess=all (or exec); without them
 * systemd keeps nothing and reports nothing, and only openPinned() shows it. `socket` is $NOTIFY_SOCKET. Returns the
 * namespaces' inode numbers once they are kept.
 */
export function storeNamespaces(socket: string, namespaces: readonly OpenNamespace[]): PinnedNamespaces["inodes"] {
  const inodes: Partial<Record<NamespaceKind, number>> = {};
  for (const { kind, fd } of namespaces) {
    const inode = inodeOf(readlinkSync(`/proc/self/fd/${fd}`), kind);
    if (inode === undefined) throw new SystemError("syscall", `file descriptor ${fd} is not a ${kind} namespace`);
    inodes[kind] = inode;
    // Over a restart systemd keeps the descriptors of an earlier run (systemd.service(5), FileDescriptorStoreMax=).
    sendDatagram(socket, `FDSTOREREMOVE=1\nFDNAME=${kind}`);
    // Without FDPOLL=0 systemd would poll the file, which namespace files do not support.
    sendDescriptor(socket, `FDSTORE=1\nFDNAME=${kind}\nFDPOLL=0`, fd);
  }
  waitForBarrier(socket);
  return inodes;
}

/**
 * Opens the namespaces that a manager keeps, all or none; undefined if they are gone, because the unit has stopped.
 * Throws "namespace" if this process may not read the manager's descriptors. A process in a user namespace of its own
 * never may: they have to be opened outside and passed on.
 */
export function openPinned(pinned: PinnedNamespaces): OpenNamespace[] | undefined {
  const { manager, inodes } = pinned;
  if (!isAlive(manager)) return undefined;
  const wanted = new Map(
    Object.entries(inodes).map(([kind, inode]) => [`${typeOf(kind)}:[${inode}]`, kind as NamespaceKind]),
  );
  const opened: OpenNamespace[] = [];
  for (const name of descriptorsOf(manager.pid)) {
    const path = `/proc/${manager.pid}/fd/${name}`;
    const kind = wanted.get(linkOf(path));
    if (kind === undefined || opened.some((other) => other.kind === kind)) continue;
    const fd = openIfThere(path);
    // The descriptor's number may belong to another file by now.
    if (fd === undefined) continue;
    if (inodeOf(linkOf(`/proc/self/fd/${fd}`), kind) === inodes[kind]) opened.push({ kind, fd });
    else closeSync(fd);
  }
  if (opened.length === wanted.size) return opened;
  closeNamespaces(opened);
  return undefined;
}

export function closeNamespaces(namespaces: readonly OpenNamespace[]): void {
  for (const { fd } of namespaces) closeSync(fd);
}

function typeOf(kind: string): string {
  return kind === "inner" ? "user" : kind;
}

/** The number in `net:[4026531840]`, which such a link holds; undefined if it is another kind of file. */
function inodeOf(link: string, kind: NamespaceKind): number | undefined {
  const [, found, inode] = /^([a-z]+):\[(\d+)\]$/.exec(link) ?? [];
  return found === typeOf(kind) ? Number(inode) : undefined;
}

function descriptorsOf(pid: number): string[] {
  try {
    return listIfThere(`/proc/${pid}/fd`);
  } catch (cause) {
    throw unreadable(pid, cause);
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (cause) {
    if (isMissing(cause)) return "";
    throw unreadable(Number(path.split("/")[2]), cause);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * ptrace(2), "Ptrace access mode checking": a process needs every capability of the other one. Since systemd 254 users'
 * managers have CAP_WAKE_ALARM, and their services do not unless they ask for it.
 */
function unreadable(pid: number, cause: unknown): RuntimeError {
  return new RuntimeError("namespace", `see what systemd (process ${pid}) keeps`, { cause });
}
