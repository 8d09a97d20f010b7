import type { ImageConfig } from "../../image/document/image-config.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { isKernelPlace } from "../../options/values/mount/kernel-place.ts";
import { RuntimeError } from "../error.ts";
import type { OciRuntimeTraits } from "../oci-runtime/oci-runtime.ts";
import { type IdMaps, type IdRange, toOutside } from "../user-namespace/id-map.ts";
import type { ContainerUser } from "../users/container-user.ts";
import {
  DEFAULT_RLIMIT,
  DEVICE_RULES,
  HOST_SYS_MASKED_PATHS,
  KERNEL_MOUNTS,
  MASKED_PATHS,
  NETWORK_SYSCTLS,
  READONLY_PATHS,
} from "./defaults.ts";
import type { RuntimeSpec, SpecHook, SpecIdMapping, SpecMount, SpecSeccomp } from "./runtime-spec.ts";

/** Kinds of namespaces that a container shares with its pod. */
type JoinedKind = "ipc" | "pid" | "uts";

/** What the document's maps depend on. */
export type MapTraits = Pick<OciRuntimeTraits, "needsMapsOfJoinedNamespace">;

/** The facts that config.json is made of. */
export interface SpecInput {
  readonly request: RunRequest;
  readonly image: ImageConfig;
  readonly user: ContainerUser;
  /** Capabilities that the container may ever have, with CAP_ prefix (boundingSet). */
  readonly bounding: readonly string[];
  readonly environment: readonly string[];
  readonly hostname: string;
  readonly rootfs: string;
  /** The request's mounts and berth's own files (hosts, resolv.conf…), sources resolved. */
  readonly mounts: readonly SpecMount[];
  /** Besides those of the request. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly cgroupsPath: string;
  /** Path of the network namespace to join; undefined stays in the host's, "" has an empty one made. */
  readonly networkNamespace: string | undefined;
  /**
   * The container's own user namespace, with outside ids as the launcher numbers them; undefined stays in the
   * launcher's.
   */
  readonly userNamespace: { readonly path: string; readonly maps: IdMaps } | undefined;
  /** The traits of the OCI runtime that reads the document. */
  readonly traits: MapTraits;
  /** Paths of the pod's namespaces to join; the container gets its own of every other kind. */
  readonly joined: Readonly<Partial<Record<JoinedKind, string | undefined>>>;
  readonly seccomp: SpecSeccomp | undefined;
  /** Whether the launcher is root of a user namespace rather than of the machine. */
  readonly inUserNamespace: boolean;
  /** The highest limits that the launcher can give (setrlimit(2)). */
  readonly hardLimits: Readonly<Record<"nofile" | "nproc", number>>;
  /** Command that the OCI runtime runs once the container is gone; only for runs that no unit cleans up after. */
  readonly poststop: SpecHook | undefined;
}

/** The path inside the container where the init program is found (RunInit). */
export const INIT_PATH = "/run/berth-init";

/** config.json for one container (OCI runtime specification). Pure: the same input gives the same document. */
export function toRuntimeSpec(input: SpecInput): RuntimeSpec {
  const { request, user } = input;
  const { bounding } = input;
  // Another user than root has only the capabilities that the request adds, and keeps them over execve(2).
  const added = (name: string) => request.capAdd.some((wanted) => wanted === "ALL" || name === `CAP_${wanted}`);
  const effective = user.uid === 0 ? [...bounding] : bounding.filter(added);
  const ambient = user.uid === 0 ? [] : effective;
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: request.tty,
      user: {
        uid: user.uid,
        gid: user.gid,
        umask: 0o022,
        ...(user.groups.length === 0 ? {} : { additionalGids: [...user.groups] }),
      },
      args: [...(request.init ? [INIT_PATH, "--"] : []), ...payloadArguments(request, input.image)],
      env: [...input.environment],
      cwd: request.workdir ?? (input.image.workingDirectory || "/"),
      capabilities: { bounding: [...bounding], effective, permitted: effective, inheritable: ambient, ambient },
      rlimits: resourceLimits(input),
      noNewPrivileges: request.noNewPrivileges,
    },
    root: { path: input.rootfs, readonly: request.readOnly },
    ...(setsHostname(input) ? { hostname: input.hostname } : {}),
    mounts: allMounts(input),
    ...(input.poststop === undefined ? {} : { hooks: { poststop: [input.poststop] } }),
    annotations: { ...request.annotations, ...input.annotations },
    linux: {
      namespaces: namespaces(input),
      ...userMappings(input.userNamespace, input.traits),
      cgroupsPath: input.cgroupsPath,
      resources: { devices: [...DEVICE_RULES] },
      sysctl: sysctls(input),
      maskedPaths: [...MASKED_PATHS, ...(showsHostSys(input) && input.inUserNamespace ? HOST_SYS_MASKED_PATHS : [])],
      readonlyPaths: [...READONLY_PATHS],
      ...(input.seccomp === undefined ? {} : { seccomp: input.seccomp }),
    },
  };
}

/**
 * The payload's entrypoint and command. An entrypoint in the request also drops the image's Cmd, as with docker and
 * podman. Throws "bad-request" if there is no command.
 */
export function payloadArguments(request: RunRequest, image: ImageConfig): string[] {
  const entrypoint = request.entrypoint ?? image.entrypoint;
  const defaultCommand = request.entrypoint === undefined ? image.command : [];
  const args = [...entrypoint, ...(request.command.length > 0 ? request.command : defaultCommand)];
  if (args.length === 0) {
    throw new RuntimeError(
      "bad-request",
      "no command: the image has neither an entrypoint nor a default command, and none was given",
    );
  }
  return args;
}

function namespaces(input: SpecInput): { type: string; path?: string }[] {
  const list: { type: string; path?: string }[] = [
    joinedOrNew("pid", input),
    joinedOrNew("ipc", input),
    { type: "mount" },
    { type: "cgroup" },
  ];
  if (setsHostname(input) || input.joined.uts !== undefined) list.push(joinedOrNew("uts", input));
  if (input.networkNamespace !== undefined) {
    list.push(input.networkNamespace === "" ? { type: "network" } : { type: "network", path: input.networkNamespace });
  }
  if (input.userNamespace !== undefined) list.push({ type: "user", path: input.userNamespace.path });
  return list;
}

/** The maps of a user namespace to join, for an OCI runtime that does not read them from the namespace itself. */
export function userMappings(
  namespace: { readonly maps: IdMaps } | undefined,
  traits: MapTraits,
): Pick<RuntimeSpec["linux"], "uidMappings" | "gidMappings"> {
  if (namespace === undefined || !traits.needsMapsOfJoinedNamespace) return {};
  const { uids, gids } = namespace.maps;
  return { uidMappings: uids.map(specMapping), gidMappings: gids.map(specMapping) };
}

function specMapping({ inside, outside, size }: IdRange): SpecIdMapping {
  return { containerID: inside, hostID: outside, size };
}

/** Whether a group id is mapped in the container. */
function hasGroup({ userNamespace }: SpecInput, gid: number): boolean {
  return userNamespace === undefined || toOutside(userNamespace.maps.gids, gid) !== undefined;
}

function joinedOrNew(type: JoinedKind, { joined }: SpecInput): { type: string; path?: string } {
  const path = joined[type];
  return path === undefined ? { type } : { type, path };
}

/**
 * Whether the container gets a host name of its own: not in a pod that shares one, and in the host's network only if
 * the request names one.
 */
function setsHostname({ request, joined }: SpecInput): boolean {
  return joined.uts === undefined && (request.network.mode !== "host" || request.hostname !== undefined);
}

function sysctls(input: SpecInput): Record<string, string> {
  const own = input.networkNamespace !== undefined;
  for (const name of Object.keys(input.request.sysctls)) {
    if (!own && name.startsWith("net.")) {
      throw new RuntimeError("bad-request", `sysctl ${name} needs a network of the container's own, not the host's`);
    }
  }
  return { ...(own && hasGroup(input, 0) ? NETWORK_SYSCTLS : {}), ...input.request.sysctls };
}

function resourceLimits(input: SpecInput): { type: string; soft: number; hard: number }[] {
  const { ulimits } = input.request;
  if (ulimits === "host") return [];
  const limits = new Map<string, { soft: number; hard: number }>();
  for (const type of ["nofile", "nproc"] as const) {
    const most = Math.min(DEFAULT_RLIMIT, input.hardLimits[type]);
    limits.set(type, { soft: most, hard: most });
  }
  for (const { type, soft, hard } of ulimits) limits.set(type, { soft, hard });
  // -1 is "unlimited" in every command line; the specification has RLIM_INFINITY, all bits set.
  const value = (limit: number) => (limit < 0 ? RLIM_INFINITY : limit);
  return [...limits].map(([type, { soft, hard }]) => ({
    type: `RLIMIT_${type.toUpperCase()}`,
    soft: value(soft),
    hard: value(hard),
  }));
}

/** 2^64-1 has no exact number in JavaScript; formatRuntimeSpec puts the digits in. */
export const RLIM_INFINITY = Number.MAX_SAFE_INTEGER;

/** The text of config.json, or of a part of it. */
export function formatRuntimeSpec(spec: object): string {
  // This matches values of limits only: inside a string the quotes before the colon would be escaped.
  return JSON.stringify(spec).replaceAll(
    new RegExp(`"(soft|hard)":${RLIM_INFINITY}(?=[,}])`, "g"),
    '"$1":18446744073709551615',
  );
}

/** The root's mounts, parents before children, then those at and below /dev, /proc and /sys. */
function allMounts(input: SpecInput): SpecMount[] {
  const { request } = input;
  const readonlyDev = request.readOnly && !request.readOnlyTmpfs;
  const mounts = new Map<string, SpecMount>();
  const add = (mount: SpecMount) => mounts.set(mount.destination, mount);
  for (const mount of KERNEL_MOUNTS.map((kernel) => withoutUnknownGroup(kernel, input))) {
    add(readonlyDev && mount.destination === "/dev" ? { ...mount, options: [...mount.options, "ro"] } : mount);
  }
  add({
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${request.shmSize}`, ...(readonlyDev ? ["ro"] : [])],
  });
  if (request.readOnly && request.readOnlyTmpfs) {
    for (const destination of ["/run", "/tmp", "/var/tmp"]) {
      add({ destination, type: "tmpfs", source: "tmpfs", options: ["rw", "nosuid", "nodev", "tmpcopyup"] });
    }
  }
  if (showsHostSys(input)) {
    // sysfs shows the network namespace it is mounted in; a user namespace may not mount it for the host's.
    add({ destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"] });
  }
  const sorted = [...input.mounts].sort((a, b) => depth(a.destination) - depth(b.destination));
  for (const mount of sorted) {
    mounts.delete(mount.destination);
    add(mount);
  }
  // The kernel's come last: they cover what a link in a shared volume, exchanged meanwhile, has led to their places
  // (CVE-2021-30465).
  const all = [...mounts.values()];
  const last = (mount: SpecMount) => isKernelPlace(mount.destination);
  return [...all.filter((mount) => !last(mount)), ...all.filter(last)];
}

/** Without the option gid= if the group of terminals (tty) is not mapped, as with podman. */
function withoutUnknownGroup(mount: SpecMount, input: SpecInput): SpecMount {
  if (mount.type !== "devpts" || hasGroup(input, 5)) return mount;
  return { ...mount, options: mount.options.filter((option) => option !== "gid=5") };
}

function showsHostSys(input: SpecInput): boolean {
  return (input.inUserNamespace || input.userNamespace !== undefined) && input.request.network.mode === "host";
}

function depth(path: string): number {
  return path.split("/").filter((part) => part !== "").length;
}
