import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { isErrno } from "../../../system/error.ts";
import { readIfThere } from "../../../system/files.ts";
import { identify, type ProcessIdentity } from "../../../system/process-identity.ts";
import { netavarkDir } from "./netavark.ts";

/*
 * aardvark-dns, the DNS server of networks: netavark starts it with the first container that has names. It reads one
 * file for each network, its first line the server's addresses, then `ID IPV4 IPV6 NAME,NAME…` for each container
 * (aardvark-dns, src/config). It reads them again on SIGHUP.
 */

const PROGRAM = "aardvark-dns";

/** The folder of the server's files; every file in it is a network to the server. */
export const dnsServerDir = (scope: Scope) => join(netavarkDir(scope), PROGRAM);

/** The file in which the server writes its PID. */
export const dnsPidFile = (scope: Scope) => join(dnsServerDir(scope), "aardvark.pid");

/** The process that a PID file names; undefined if it has ended. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  const pid = Number(readIfThere(path));
  return Number.isInteger(pid) && pid > 0 ? identify(pid) : undefined;
}

/** Sends the DNS server a signal, if it runs. */
export function signalDnsServer(scope: Scope, signal: "SIGHUP" | "SIGKILL"): void {
  const server = readPidFile(dnsPidFile(scope));
  if (server === undefined) return;
  try {
    // The PID may be another process's by now.
    if (readIfThere(`/proc/${server.pid}/comm`)?.trim() === PROGRAM) process.kill(server.pid, signal);
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error;
  }
}
