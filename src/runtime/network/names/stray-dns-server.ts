import { readFileSync, readlinkSync } from "node:fs";
import type { Scope } from "../../../scope.ts";
import { isErrno } from "../../../system/error.ts";
import { listIfThere, removeIfThere } from "../../../system/files.ts";
import { identify, isAlive, type ProcessIdentity } from "../../../system/process-identity.ts";
import { dnsPidFile, dnsServerDir, PROGRAM, readPidFile } from "../connect/dns-server.ts";
import type { NetavarkRequest } from "../connect/netavark-request.ts";

/** How often, and how many times, to look whether a killed process has ended: milliseconds. */
const LOOK_MS = 5;
const LOOKS_MAX = 200;

/**
 * Ends a DNS server that netavark cannot know of, as its files have been removed while it ran: it would keep its
 * addresses from the next one, for good. A PID file that names another process goes, since netavark would signal that.
 * For a request with names; the caller holds netavark's lock, and is in the network namespace of the bridges.
 */
export async function endStrayServer(scope: Scope, { network_info: networks }: NetavarkRequest): Promise<void> {
  if (!Object.values(networks).some(({ dns_enabled: named }) => named)) return;
  const noted = readPidFile(dnsPidFile(scope));
  if (noted !== undefined && isServer(noted.pid)) return;
  removeIfThere(dnsPidFile(scope));
  for (const stray of listServers(scope)) await kill(stray);
}

/** The servers that work on this scope's files, in this process's own namespaces. */
function listServers(scope: Scope): ProcessIdentity[] {
  const pids = listIfThere("/proc").filter((name) => /^\d+$/.test(name) && isServer(Number(name)));
  const own = pids.filter(
    (pid) =>
      readOrNothing(pid, "cmdline").split("\0").includes(dnsServerDir(scope)) &&
      (["net", "pid"] as const).every((kind) => namespaceOf(pid, kind) === namespaceOf("thread-self", kind)),
  );
  return own.flatMap((pid) => identify(Number(pid)) ?? []);
}

function isServer(pid: number): boolean {
  return readOrNothing(`${pid}`, "comm").trim() === PROGRAM;
}

async function kill(stray: ProcessIdentity): Promise<void> {
  try {
    process.kill(stray.pid, "SIGKILL");
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error;
  }
  for (let look = 0; look < LOOKS_MAX && isAlive(stray); look++) await Bun.sleep(LOOK_MS);
}

/** A file of a process; empty once that has ended. */
function readOrNothing(pid: string, file: "comm" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function namespaceOf(pid: string, kind: "net" | "pid"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}
