import { basename, join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { errnoName, isErrno, isMissing, SystemError } from "../../../system/error.ts";
import { listIfThere, readIfThere, removeIfThere, replaceFile } from "../../../system/files.ts";
import { identify, type ProcessIdentity } from "../../../system/process-identity.ts";
import { readBounded } from "../../../system/read-bounded.ts";
import { netavarkDir } from "./netavark.ts";

/*
 * aardvark-dns, the DNS server of networks: netavark starts it with the first container that has names. It reads one
 * file for each network, its first line the server's addresses, then `ID IPV4 IPV6 NAME,NAME…` for each container
 * (aardvark-dns, src/config). It reads them again on SIGHUP.
 */

export const PROGRAM = "aardvark-dns";

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

/** A file of the server with `lines` in place of those of the containers `ids`. */
export function withLines(text: string, ids: readonly string[], lines: readonly string[]): string {
  const kept = text.split("\n").filter((line) => line !== "" && !ids.some((id) => line.startsWith(`${id} `)));
  return [...kept, ...lines].map((line) => `${line}\n`).join("");
}

/** Replaces a file of the server. The caller holds netavark's lock. */
export function replaceNames(scope: Scope, file: string, text: string): void {
  // Made elsewhere, for every file of the server's folder is a network to it.
  replaceFile(file, text, { temporary: join(netavarkDir(scope), `names.${process.pid}.new`) });
}

/**
 * Removes a container's names from a network where others have some. False where that is netavark's to do, as it ends
 * the server after the last container of all. The caller holds netavark's lock.
 */
export function removeLines(scope: Scope, network: string, container: string): boolean {
  // That of an internal network has a mark after its name.
  for (const name of [network, `${network}%int`]) {
    const file = join(dnsServerDir(scope), name);
    const text = readNames(file);
    if (text === undefined) return false;
    const left = withLines(text, [container], []);
    if (left === text) continue;
    const [, other] = left.split("\n");
    if (other === "" || other === undefined) return false;
    replaceNames(scope, file, left);
    signalDnsServer(scope, "SIGHUP");
  }
  return true;
}

/**
 * Removes a container's names from its networks, and ends the server after the last container of all: what netavark
 * does, but cannot where the program has been uninstalled. A user's server is a service, which outlives containers. The
 * caller holds netavark's lock.
 */
export function dropNames(scope: Scope, networks: readonly string[], container: string): void {
  for (const network of networks.flatMap((name) => [name, `${name}%int`])) {
    const file = join(dnsServerDir(scope), network);
    const text = readNames(file);
    if (text === undefined || text === "") continue;
    const left = withLines(text, [container], []);
    const [, other] = left.split("\n");
    if (other === "" || other === undefined) removeIfThere(file);
    else replaceNames(scope, file, left);
  }
  const files = listIfThere(dnsServerDir(scope));
  const isIdle = scope.kind === "system" && files.every((name) => name === basename(dnsPidFile(scope)));
  signalDnsServer(scope, isIdle ? "SIGKILL" : "SIGHUP");
  if (isIdle) removeIfThere(dnsPidFile(scope));
}

/** The longest file that is read: bytes. */
const NAMES_MAX = 64 * 1024 * 1024;

/** The text of a file of the server, empty if there is none; undefined if it cannot be read. */
function readNames(file: string): string | undefined {
  try {
    return readBounded(file, NAMES_MAX)?.toString();
  } catch (error) {
    if (isMissing(error)) return "";
    if (errnoName(error) !== undefined || error instanceof SystemError) return undefined;
    throw error;
  }
}
