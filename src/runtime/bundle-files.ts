import { chownSync, existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bindMount } from "./bind-mount.ts";
import { READONLY_FILE_OPTIONS } from "./defaults.ts";
import { RuntimeError } from "./error.ts";
import type { Connection } from "./network/connection.ts";
import { formatHosts, formatResolvConf } from "./network/etc-files.ts";
import { INIT_PATH } from "./oci-config.ts";
import type { ContainerPaths } from "./paths.ts";
import { findProgram } from "./programs.ts";
import { isMissing } from "./record.ts";
import type { RunRequest } from "./run-request.ts";
import type { SpecMount } from "./runtime-spec.ts";

/**
 * Writes /etc/hosts, /etc/hostname, /etc/resolv.conf and what else berth itself puts into the container, to the bundle.
 * Returns their mounts.
 */
export function writeBundleFiles(
  request: RunRequest,
  paths: ContainerPaths,
  facts: {
    hostname: string;
    name: string;
    connection: Connection | undefined;
    /** Root inside, where that is somebody else outside. */
    owner: { readonly uid: number; readonly gid: number } | undefined;
  },
): SpecMount[] {
  const { connection, hostname, name, owner } = facts;
  const options = request.readOnly ? READONLY_FILE_OPTIONS : [];
  const put = (file: string, destination: string, content: string | Uint8Array) => {
    writeFileSync(join(paths.bundle, file), content, { mode: 0o644 });
    if (owner !== undefined) chownSync(join(paths.bundle, file), owner.uid, owner.gid);
    return bindMount(join(paths.bundle, file), destination, options);
  };
  const hosts = formatHosts({
    base: readOrEmpty("/etc/hosts"),
    added: request.addHosts,
    address: connection?.networks[0]?.addresses[0] ?? (request.network.mode === "none" ? "127.0.0.1" : undefined),
    gateway: connection?.networks[0]?.definition.subnets[0]?.gateway,
    hostname,
    name,
  });
  const mounts = [put("hosts", "/etc/hosts", hosts), put("hostname", "/etc/hostname", `${hostname}\n`)];
  // In a folder of the host's this would leave an empty file behind: what it is mounted on.
  const hostsRun = request.mounts.some(({ type, target }) => type === "bind" && target === "/run");
  if (!hostsRun) mounts.push(put("containerenv", "/run/.containerenv", ""));
  // Without a network nothing can be resolved, so the image's own file stays, unless resolvers are asked for.
  const resolves = request.network.mode !== "none" || request.dns.length > 0;
  if (resolves && !request.dns.includes("none")) {
    const resolvers = formatResolvConf(readOrEmpty("/etc/resolv.conf"), request.dns, request.network.mode !== "host");
    mounts.push(put("resolv.conf", "/etc/resolv.conf", resolvers));
  }
  if (request.timezone !== undefined)
    mounts.push(put("localtime", "/etc/localtime", readFileSync(zoneFile(request.timezone))));
  if (request.init) mounts.push(bindMount(findProgram("catatonit"), INIT_PATH, ["ro"]));
  return mounts;
}

function zoneFile(zone: string): string {
  const path = zone === "local" ? "/etc/localtime" : join("/usr/share/zoneinfo", zone);
  if (!existsSync(path) || zone.split("/").includes(".."))
    throw new RuntimeError("bad-request", `unknown time zone ${zone}`);
  return realpathSync(path);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}
