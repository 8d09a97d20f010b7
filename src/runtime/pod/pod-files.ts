import { chownSync, openSync, writeFileSync, writeSync } from "node:fs";
import { withLock } from "../../state/lock.ts";
import type { PodPaths, PodRecord } from "../../state/pod-record.ts";
import { readIfThere } from "../../system/files.ts";
import { readDescriptor } from "../../system/read-bounded.ts";
import { formatHosts, formatResolvConf, type NetworkView } from "../network/names/etc-files.ts";
import { ownAddress } from "../network/names/host-address.ts";
import type { Owner } from "../users/owner.ts";

/**
 * Writes the files that all containers of the pod see: /etc/hosts, and what each gets a copy of. In place, for it may
 * be mounted already when more is known of the network. `owner` is the pod's root user, if the pod has a user namespace
 * of its own.
 */
export function writePodFiles(record: PodRecord, view: NetworkView | undefined, paths: PodPaths, owner?: Owner): void {
  const { mode } = record.network;
  const put = (path: string, content: string) => {
    writeFileSync(path, content, { mode: 0o644 });
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  };
  const hosts = formatHosts({
    base: readIfThere("/etc/hosts") ?? "",
    added: record.addHosts,
    addresses: view?.addresses ?? [],
    gateway: view === undefined ? ownAddress(mode) : view.gateway,
    hostname: record.hostname,
    name: record.name,
  });
  put(paths.hosts, hosts);
  put(paths.hostname, `${record.hostname}\n`);
  if (record.dns.includes("none") || (mode === "none" && record.dns.length === 0)) return;
  put(paths.resolvConf, formatResolvConf(readIfThere("/etc/resolv.conf") ?? "", record, view, mode !== "host"));
}

/** The longest /etc/hosts that is read: bytes. */
const HOSTS_MAX = 16 * 1024 * 1024;

/**
 * Adds a container's name to its pod's /etc/hosts, unless it is there: a pod's containers reach each other by the
 * loopback interface. In place, for the file is mounted in them.
 */
export function addMemberName(paths: PodPaths, name: string): void {
  const line = `127.0.0.1\t${name}\n`;
  const fd = openSync(paths.hosts, "a+");
  withLock("pod hosts", fd, "exclusive", () => {
    const text = readDescriptor(fd, paths.hosts, HOSTS_MAX)?.toString() ?? "";
    if (!`\n${text}`.includes(`\n${line}`)) writeSync(fd, line);
  });
}
