import { chownSync, existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { ContainerPaths } from "../../state/paths.ts";
import { readIfThere } from "../../system/files.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { bindMount } from "../mount/bind-mount.ts";
import { mountPayloadFiles, payloadFile } from "../mount/payload-files.ts";
import { linkLocaltime, ZONES } from "../mount/rootfs.ts";
import { formatHosts, formatResolvConf, type NetworkView } from "../network/names/etc-files.ts";
import { ownAddress } from "../network/names/host-address.ts";
import { READONLY_FILE_OPTIONS } from "../spec/defaults.ts";
import { INIT_PATH } from "../spec/oci-config.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import type { Owner } from "../users/owner.ts";
import type { JoinedNetwork } from "./joined-network.ts";
import type { Start } from "./start.ts";

/**
 * Writes berth's own files for the container (/etc/hosts, /etc/hostname, /etc/resolv.conf…) to a file system of their
 * own below the bundle, as the payload may write to them. Returns their mounts. Throws "bad-request" for an unknown
 * time zone. To be called in a mount namespace that is the container's alone.
 */
export function writeBundleFiles(request: RunRequest, paths: ContainerPaths, facts: EtcFacts): SpecMount[] {
  const options = request.readOnly ? READONLY_FILE_OPTIONS : [];
  const own = (file: string, destination: string) => bindMount(payloadFile(paths.bundle, file), destination, options);
  const put = (file: string, destination: string, content: string | Uint8Array) => {
    writeOwned(payloadFile(paths.bundle, file), content, facts);
    return own(file, destination);
  };
  mountPayloadFiles(paths.bundle);
  writeEtcFiles(request, paths, facts);
  const mounts = [own("hosts", "/etc/hosts"), put("hostname", "/etc/hostname", `${facts.hostname}\n`)];
  // On a bind mount of the host's folder the mount point would stay behind there as an empty file.
  const hostsRun = request.mounts.some(({ type, target }) => type === "bind" && target === "/run");
  if (!hostsRun) mounts.push(put("containerenv", "/run/.containerenv", ""));
  if (hasResolvConf(request)) mounts.push(own("resolv.conf", "/etc/resolv.conf"));
  if (request.timezone !== undefined) {
    const file = zoneFile(request.timezone);
    if (!linkLocaltime(paths.rootfs, zoneName(request.timezone, file), facts.owner))
      mounts.push(put("localtime", "/etc/localtime", readFileSync(file)));
  }
  if (request.init) mounts.push(bindMount(findProgram("catatonit"), INIT_PATH, ["ro"]));
  return mounts;
}

/** The contents of a container's own /etc, besides the request. */
export interface EtcFacts {
  readonly hostname: string;
  readonly name: string;
  /** undefined if berth makes no network, and until the network's addresses are known. */
  readonly network: NetworkView | undefined;
  /** The container whose network it joins. */
  readonly joined: JoinedNetwork | undefined;
  /** Root of the container's own user namespace, as numbered outside. */
  readonly owner: Owner | undefined;
}

export function etcFacts(
  { plan, joined, namespace }: Pick<Start, "plan" | "joined" | "namespace">,
  network: NetworkView | undefined,
): EtcFacts {
  return { hostname: plan.hostname, name: plan.name, joined, owner: namespace?.root, network };
}

/**
 * Writes the files that depend on the network, /etc/hosts and /etc/resolv.conf. It writes them in place, so they can be
 * written again once more is known, also below a mount. A copy that the payload does not reach is for containers that
 * join this one's network.
 */
export function writeEtcFiles(request: RunRequest, paths: ContainerPaths, facts: EtcFacts): void {
  const { hostname, name, network, joined } = facts;
  const { mode } = request.network;
  const hosts = formatHosts({
    base: joined?.hosts ?? readIfThere("/etc/hosts") ?? "",
    added: request.addHosts,
    addresses: network?.addresses ?? (mode === "none" || mode === "container" ? ["127.0.0.1"] : []),
    gateway: network === undefined ? ownAddress(mode) : network.gateway,
    hostname,
    name,
  });
  const put = (file: string, content: string) => {
    writeFileSync(join(paths.bundle, file), content, { mode: 0o644 });
    writeOwned(payloadFile(paths.bundle, file), content, facts);
  };
  put("hosts", hosts);
  if (!hasResolvConf(request)) return;
  const host = joined?.resolvConf ?? readIfThere("/etc/resolv.conf") ?? "";
  const ownNetwork = mode !== "host" && joined?.resolvConf === undefined;
  put("resolv.conf", formatResolvConf(host, request, network, ownNetwork));
}

function writeOwned(path: string, content: string | Uint8Array, { owner }: EtcFacts): void {
  writeFileSync(path, content, { mode: 0o644 });
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
}

/** Without a network nothing can be resolved, so the image's own file stays unless the request names resolvers. */
function hasResolvConf({ network, dns }: RunRequest): boolean {
  return (network.mode !== "none" || dns.length > 0) && !dns.includes("none");
}

/** The zone's name, of the host's own by its file; undefined for one that is elsewhere. */
function zoneName(zone: string, file: string): string | undefined {
  if (zone !== "local") return zone;
  return file.startsWith(`${ZONES}/`) ? file.slice(ZONES.length + 1) : undefined;
}

function zoneFile(zone: string): string {
  const path = zone === "local" ? "/etc/localtime" : join(ZONES, zone);
  if (!existsSync(path) || zone.split("/").includes(".."))
    throw new RuntimeError("bad-request", `unknown time zone ${zone}`);
  return realpathSync(path);
}
