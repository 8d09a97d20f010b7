import { existsSync } from "node:fs";
import { RuntimeError } from "../error.ts";

/** Settings that a network has only with an interface, or with a module that is loaded for it. */
const COME_LATER = /^net\.(?:[^.]+\.(?:conf|neigh)|netfilter|bridge|mptcp|sctp|smc|tipc|vsock|ipv4\.vs)\./;

/**
 * Refuses settings that this kernel does not have, which the OCI runtime could only fail to write. Names are written
 * with dots or slashes, as sysctl(8) takes them. Throws "bad-request".
 */
export function checkSysctls(names: Iterable<string>): void {
  for (const name of names) {
    const path = name.includes("/") ? name : name.replaceAll(".", "/");
    if (COME_LATER.test(path.replaceAll("/", ".")) || existsSync(`/proc/sys/${path}`)) continue;
    throw new RuntimeError("bad-request", `sysctl ${name}: this kernel has no such setting (no /proc/sys/${path})`);
  }
}
