import { resolve } from "node:path";
import type { Scope } from "../../scope.ts";
import { OptionError } from "../error.ts";
import { FlagReader, parseFlag, refuseUnexpanded } from "../flags/flag-reader.ts";
import type { FlagValues } from "../flags/parse.ts";
import { RUN, type RunFlag } from "../flags/run-flags.ts";
import { parseContainerName, parseNameInUnit } from "../values/name.ts";
import type { SecurityOption } from "../values/security-option.ts";
import { SHARED_BY_DEFAULT, type SharedKind } from "../values/share.ts";
import { apart, mountRequest, tmpfsRequest, volumeRequest } from "./parse-mount.ts";
import { toNetworkRequest } from "./parse-network.ts";
import { toUserNamespaceRequest } from "./parse-user-namespace.ts";
import type { NetworkRequest, PullWords, RunRequest } from "./run-request.ts";

/** Where a command line is from: the directory that its paths are relative to, and its scope. */
export interface RequestContext {
  readonly cwd: string;
  readonly scope: Pick<Scope, "kind">;
}

/**
 * The typed request of a `berth run` command line. What `ofPod`, the container's pod, shares with it limits what the
 * container may have of its own. Throws OptionError that names the flag.
 */
export function toRunRequest(
  flags: FlagValues,
  image: string,
  command: readonly string[],
  context: RequestContext,
  ofPod: readonly SharedKind[] = SHARED_BY_DEFAULT,
): RunRequest {
  const read = new FlagReader<RunFlag>(RUN, flags);
  refuseUnexpanded("image", image);
  const pod = podOf(flags);
  if (pod !== undefined) refuseBesidePod(read, ofPod);
  const ulimits = read.list("ulimit");
  const limits = ulimits.filter((limit) => limit !== "host");
  return {
    ...read.properties(),
    ...securityOf(read.list("security-opt")),
    image,
    command,
    name: nameOf(flags),
    pod,
    envFiles: read.list("env-file").map((path) => resolve(context.cwd, path)),
    mounts: apart([
      ...read.list("volume").map((volume) => volumeRequest(volume, context.cwd)),
      ...read.list("mount").map((mount) => mountRequest(mount, context.cwd)),
      ...read.list("tmpfs").map(tmpfsRequest),
    ]),
    network: pod !== undefined && onPodsNetwork(read, ofPod) ? { mode: "pod" } : networkOf(read, context),
    stopSignal: read.one("stop-signal")?.replace(/^SIG/, ""),
    ulimits: limits.length < ulimits.length ? "host" : limits,
    userNamespace: toUserNamespaceRequest({
      mode: read.one("userns"),
      uids: read.list("uidmap"),
      gids: read.list("gidmap"),
      users: read.one("subuidname"),
      groups: read.one("subgidname"),
      texts: (name) => read.texts(name),
    }),
    pullWords: pullWordsOf(read),
  };
}

/** The name of the pod that a `berth run` command line names; undefined for none. Throws OptionError. */
export function podOf(flags: FlagValues): string | undefined {
  return typeof flags.pod === "string" ? parseFlag(RUN.pod, flags.pod, parseNameInUnit) : undefined;
}

/** In a unit the name may have the unit's instance in it, which is not the user's to choose. */
function nameOf({ name, unit }: FlagValues): string | undefined {
  if (typeof name !== "string") return undefined;
  return parseFlag(RUN.name, name, unit === undefined ? parseContainerName : parseNameInUnit);
}

function networkOf(read: FlagReader<RunFlag>, { scope }: RequestContext): NetworkRequest {
  const flags = {
    networks: read.list("network"),
    ip: read.one("ip"),
    ip6: read.one("ip6"),
    mac: read.one("mac-address"),
    aliases: read.list("network-alias"),
  };
  return toNetworkRequest(flags, scope.kind);
}

function onPodsNetwork(read: FlagReader<RunFlag>, shared: readonly SharedKind[]): boolean {
  return shared.includes("net") && !read.has("network");
}

/**
 * Refuses flags for what the pod shares: the host name and, unless the container has its own network, ports, hosts and
 * DNS.
 */
function refuseBesidePod(read: FlagReader<RunFlag>, shared: readonly SharedKind[]): void {
  const ofNetwork = onPodsNetwork(read, shared) ? (["publish", "add-host", "dns"] as const) : [];
  const ofName = shared.includes("uts") ? (["hostname"] as const) : [];
  const given = [...ofName, ...ofNetwork].find((name) => read.has(name));
  if (given === undefined) return;
  const message = `--${given} cannot be set in a pod, whose containers share it: set it for the pod`;
  throw new OptionError("shared-in-pod", message);
}

/** The last option of each kind counts. */
function securityOf(options: readonly SecurityOption[]): Pick<RunRequest, "noNewPrivileges" | "seccomp"> {
  return Object.assign({ noNewPrivileges: false, seccomp: undefined }, ...options);
}

function pullWordsOf(read: FlagReader<RunFlag>): PullWords {
  return {
    platform: read.one("platform"),
    arch: read.one("arch"),
    os: read.one("os"),
    variant: read.one("variant"),
    creds: read.one("creds"),
    authfile: read.one("authfile"),
    certDir: read.one("cert-dir"),
    tlsVerify: read.flag("tls-verify"),
    retry: read.one("retry"),
    retryDelay: read.one("retry-delay"),
    decryptionKey: read.list("decryption-key"),
    quiet: read.flag("quiet") ?? false,
  };
}
