import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { hostname as hostHostname, release } from "node:os";
import { join } from "node:path";
import { lowerDirectories } from "../image/layer/directory.ts";
import type { StoredImage } from "../image/store.ts";
import type { Scope } from "../scope.ts";
import { boundingSet } from "./capabilities.ts";
import { cleanUp } from "./cleanup.ts";
import { type ContainerUser, missingEntries, resolveUser } from "./container-user.ts";
import { READONLY_FILE_OPTIONS } from "./defaults.ts";
import { payloadEnvironment } from "./environment.ts";
import { RuntimeError } from "./error.ts";
import { formatHosts, formatResolvConf } from "./etc-files.ts";
import { inheritedSockets, keepInheritedSockets } from "./inherited-sockets.ts";
import { attainableCapabilities, attainableLimits } from "./limits.ts";
import { identify, isContainerAlive } from "./liveness.ts";
import { resolveLoginuid, sealLoginuid, takeCaller } from "./loginuid.ts";
import { bindMount, resolveMounts } from "./mounts.ts";
import { execve, keepOverExec } from "./native.ts";
import { type BridgeSetup, connectToBridge } from "./network.ts";
import { createNotifier } from "./notify.ts";
import { formatRuntimeSpec, INIT_PATH, toRuntimeSpec } from "./oci-config.ts";
import { type ContainerPaths, containerPaths } from "./paths.ts";
import { findProgram } from "./programs.ts";
import { claimName, idOfName, isMissing, readRecord, releaseName, writeRecord } from "./record.ts";
import { leaveHostMounts, mountRootfs } from "./rootfs.ts";
import type { RunRequest } from "./run-request.ts";
import { type Environment, runcEnvironment, runcRunArguments, runDetached } from "./runc.ts";
import type { SpecMount, SpecSeccomp } from "./runtime-spec.ts";
import { resolveSeccomp, SECCOMP_ARCHITECTURES, SECCOMP_PROFILES } from "./seccomp.ts";
import { extendUserDatabase, readUserDatabase } from "./user-database.ts";

/** Where the payload finds the notify socket when it speaks for itself (Notify=true). */
const NOTIFY_PATH = "/run/notify/notify.sock";

export interface LaunchContext {
  readonly scope: Scope;
  readonly env: Environment;
  /** Absolute path of berth itself. */
  readonly program: string;
  readonly inUserNamespace: boolean;
  /** Finds the image, pulling it as the request's policy says; `onProgress` gets lines about a pull under way. */
  readonly image: (request: RunRequest, onProgress: (line: string) => void) => Promise<StoredImage>;
}

/**
 * Starts a container in place of this process. Detached, it returns once the payload runs and systemd has been told;
 * in the foreground this process becomes `runc run`, so nothing of berth remains and the exit code is the payload's.
 * Throws RuntimeError or ImageError; what had been made is then cleaned up, here or by the unit's ExecStopPost=.
 */
export async function launch(request: RunRequest, context: LaunchContext): Promise<void> {
  const { scope, env } = context;
  const id = request.unit !== undefined && env.INVOCATION_ID ? env.INVOCATION_ID : randomId();
  const notifier = createNotifier(
    request.unit === undefined || request.sdnotify === "ignore" ? undefined : env.NOTIFY_SOCKET,
  );
  const image = await context.image(request, (line) => notifier.extendStart(line));
  try {
    const launched = await prepare(request, context, id, image);
    if (!request.detach) becomeRunc(launched, context);
    const pid = runDetached(launched, env);
    notifier.started(pid, request.sdnotify === "started");
  } catch (error) {
    if (request.unit === undefined) await cleanUp(scope, id);
    throw error;
  }
}

/** 32 hexadecimal digits, as systemd's invocation IDs are. node:crypto would take milliseconds to load. */
function randomId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

type Prepared = Parameters<typeof runcRunArguments>[0];

/** Everything up to runc: what this makes, cleanUp() takes away. */
async function prepare(request: RunRequest, context: LaunchContext, id: string, image: StoredImage): Promise<Prepared> {
  const { scope, env } = context;
  // What is made here is seen by the payload's user as well, whatever UMask= the unit has.
  process.umask(0o022);
  const paths = containerPaths(scope, id);
  const name = request.name ?? id.slice(0, 12);
  const cgroup = containerCgroup(request.unit, id);
  mkdirSync(paths.bundle, { recursive: true, mode: 0o700 });
  await takeName(scope, name, id, request);
  const hostname = request.hostname ?? (request.network === "host" ? hostHostname() : id.slice(0, 12));
  const self = identify(process.pid);
  if (self === undefined) throw new RuntimeError("syscall", "read /proc/self/stat");
  const bridge = openNetwork(request, context, paths, id, name);
  writeRecord(scope, {
    id,
    name,
    unit: request.unit,
    image: image.reference || request.image,
    imageDigest: image.configDigest,
    imageLayers: image.layers,
    command: request.command,
    created: new Date().toISOString(),
    cgroup: cgroup.suffix,
    launcher: self,
    network: request.network,
    address: bridge?.address,
    ports: request.ports,
    labels: { ...image.config.labels, ...request.labels },
    stopSignal: stopSignal(request, image),
    stopTimeout: request.stopTimeout,
  });

  if (sharesHostMounts(request, context)) leaveHostMounts();
  mountRootfs(paths, lowerDirectories(scope.stateDir, image.layers), context.inUserNamespace);
  const user = containerUser(request, image, paths.rootfs);
  const sockets = inheritedSockets(env);
  const bounding = boundingSet(request.capAdd, request.capDrop, attainableCapabilities());
  const spec = toRuntimeSpec({
    request,
    image: image.config,
    user,
    bounding,
    environment: payloadEnvironment({
      image: image.config.env,
      host: env,
      passHost: request.envHost,
      files: request.envFiles.map(readEnvironmentFile),
      assignments: request.env,
      home: user.home,
      hostname,
      tty: request.tty,
      own: { ...socketEnvironment(sockets, env), ...notifyEnvironment(request, env) },
    }),
    hostname,
    rootfs: paths.rootfs,
    mounts: [
      ...ownFiles(request, paths, { hostname, name, bridge }),
      ...notifyMount(request, env),
      ...resolveMounts(scope, paths, user, request.mounts, image.config.volumes),
    ],
    cgroupsPath: cgroup.runcPath,
    networkNamespace: request.network === "host" ? undefined : (bridge?.namespace.path ?? ""),
    seccomp: loadSeccomp(request, bounding),
    inUserNamespace: context.inUserNamespace,
    hardLimits: attainableLimits(context.inUserNamespace),
    poststop:
      request.unit === undefined ? { path: context.program, args: ["berth", "cleanup", "--id", id] } : undefined,
  });
  writeFileSync(paths.config, formatRuntimeSpec(spec), { mode: 0o600 });
  seal(request, context);
  await bridge?.done;
  if (bridge !== undefined && !request.detach) keepOverExec(bridge.namespace.fd);
  return { scope, paths, id, preserveFds: sockets, systemdCgroup: cgroup.systemd };
}

function becomeRunc(run: Prepared, context: LaunchContext): never {
  const args = runcRunArguments(run, false);
  keepInheritedSockets(run.preserveFds);
  execve(args[0], args, runcEnvironment(context.env));
}

/** Takes the container's name, cleaning up after an earlier owner of which nothing runs any more. */
async function takeName(scope: Scope, name: string, id: string, request: RunRequest): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (claimName(scope, name, id)) return;
    const other = idOfName(scope, name);
    if (other === undefined || other === id) continue;
    const record = readRecord(scope, other);
    // systemd runs a unit once at a time: an earlier run of the same unit is over, whatever it looks like.
    const over =
      record === undefined ||
      (record.unit !== undefined && record.unit === request.unit) ||
      !isContainerAlive(scope, record);
    if (!over && !request.replace) {
      const where = record.unit === undefined ? "" : ` (${record.unit})`;
      throw new RuntimeError("name-in-use", `the name ${name} is in use by container ${other.slice(0, 12)}${where}`);
    }
    await cleanUp(scope, other);
    // Where its record was never written, only the link itself tells whose the name was.
    releaseName(scope, name, other);
  }
  throw new RuntimeError("name-in-use", `the name ${name} is in use`);
}

/**
 * The container's cgroup. In a unit it is a child of the unit's own, which systemd has delegated; in a shell there is
 * none to divide, so runc asks systemd for a transient scope.
 */
function containerCgroup(unit: string | undefined, id: string): { runcPath: string; suffix: string; systemd: boolean } {
  if (unit === undefined) return { runcPath: `:berth:${id}`, suffix: `/berth-${id}.scope`, systemd: true };
  const own = readFileSync("/proc/self/cgroup", "utf8")
    .split("\n")
    .find((line) => line.startsWith("0::"))
    ?.slice("0::".length);
  if (own === undefined) throw new RuntimeError("systemd", "no cgroup v2 hierarchy: /proc/self/cgroup has no 0:: line");
  const path = join(own, "container");
  return { runcPath: path, suffix: path, systemd: false };
}

/** Whether what is mounted here would be seen outside: not where the unit has PrivateMounts=, or after unshare(1). */
function sharesHostMounts(request: RunRequest, context: LaunchContext): boolean {
  if (context.inUserNamespace) return false;
  return request.unit === undefined || readlinkSync("/proc/self/ns/mnt") === readlinkSync("/proc/1/ns/mnt");
}

function openNetwork(
  request: RunRequest,
  context: LaunchContext,
  paths: ContainerPaths,
  id: string,
  name: string,
): BridgeSetup | undefined {
  if (request.network !== "bridge") {
    if (request.ports.length > 0)
      throw new RuntimeError("bad-request", `published ports need the bridge network, not ${request.network}`);
    return undefined;
  }
  if (context.inUserNamespace) {
    throw new RuntimeError(
      "bad-request",
      "an ordinary user's containers cannot have a bridge yet: ask for --network host or none",
    );
  }
  const bridge = connectToBridge(context.scope, paths, id, name, request.ports);
  // Its failure is reported where it is awaited; until then it must not count as unhandled.
  bridge.done.catch(() => undefined);
  return bridge;
}

/** /etc/hosts, /etc/hostname, /etc/resolv.conf and what else berth itself puts into the container. */
function ownFiles(
  request: RunRequest,
  paths: ContainerPaths,
  facts: { hostname: string; name: string; bridge: BridgeSetup | undefined },
): SpecMount[] {
  const { bridge, hostname, name } = facts;
  const options = request.readOnly ? READONLY_FILE_OPTIONS : [];
  const put = (file: string, destination: string, content: string | Uint8Array) => {
    writeFileSync(join(paths.bundle, file), content, { mode: 0o644 });
    return bindMount(join(paths.bundle, file), destination, options);
  };
  const hosts = formatHosts({
    base: readOrEmpty("/etc/hosts"),
    added: request.addHosts,
    address: bridge?.address ?? (request.network === "none" ? "127.0.0.1" : undefined),
    gateway: bridge?.gateway,
    hostname,
    name,
  });
  const mounts = [
    put("hosts", "/etc/hosts", hosts),
    put("hostname", "/etc/hostname", `${hostname}\n`),
    put("containerenv", "/run/.containerenv", ""),
  ];
  // Without a network nothing can be resolved, so the image's own file stays, unless resolvers are asked for.
  const resolves = request.network !== "none" || request.dns.length > 0;
  if (resolves && !request.dns.includes("none")) {
    const resolvers = formatResolvConf(readOrEmpty("/etc/resolv.conf"), request.dns, request.network !== "host");
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

/** The payload's user. One that is asked for by number and has no entry in the container's databases is given one. */
function containerUser(request: RunRequest, image: StoredImage, rootfs: string): ContainerUser {
  const wanted = request.user ?? image.config.user;
  const database = readUserDatabase(rootfs);
  const missing = missingEntries(wanted, database, request.workdir ?? (image.config.workingDirectory || "/"));
  const user = resolveUser(wanted, {
    passwd: `${database.passwd}\n${missing.passwd}`,
    group: `${database.group}\n${missing.group}`,
  });
  extendUserDatabase(rootfs, database, missing);
  return user;
}

/** Under an init process LISTEN_PID names that one: catatonit puts its child's pid there, which nobody knows before. */
function socketEnvironment(count: number, env: Environment): Record<string, string> {
  if (count === 0) return {};
  const own: Record<string, string> = { LISTEN_FDS: `${count}`, LISTEN_PID: "1" };
  // With Accept=yes systemd also says who connected.
  for (const variable of ["LISTEN_FDNAMES", "REMOTE_ADDR", "REMOTE_PORT"]) {
    const value = env[variable];
    if (value !== undefined) own[variable] = value;
  }
  return own;
}

function notifyEnvironment(request: RunRequest, env: Environment): Record<string, string> {
  if (notifyMount(request, env).length === 0) return {};
  const watchdog = env.WATCHDOG_USEC;
  if (watchdog === undefined) return { NOTIFY_SOCKET: NOTIFY_PATH };
  // Below an init process the payload's pid is not known; without WATCHDOG_PID it is meant for whoever reads it.
  const pid = request.init ? {} : { WATCHDOG_PID: "1" };
  return { NOTIFY_SOCKET: NOTIFY_PATH, WATCHDOG_USEC: watchdog, ...pid };
}

function notifyMount(request: RunRequest, env: Environment): SpecMount[] {
  const socket = env.NOTIFY_SOCKET;
  return request.sdnotify === "container" && socket?.startsWith("/") ? [bindMount(socket, NOTIFY_PATH, [])] : [];
}

function stopSignal(request: RunRequest, image: StoredImage): string {
  return (request.stopSignal ?? (image.config.stopSignal || "TERM")).replace(/^SIG/, "");
}

/** The login uid is set last: whatever the launcher itself did before counts as the system's own doing. */
function seal(request: RunRequest, context: LaunchContext): void {
  const { loginuid, unit } = request;
  if (loginuid === undefined) return;
  const asked = unit === undefined ? undefined : takeCaller(context.scope, unit);
  const uid = loginuid === "caller" ? asked : resolveLoginuid(loginuid, readFileSync("/etc/passwd", "utf8"));
  if (uid !== undefined) sealLoginuid(uid);
}

function loadSeccomp(request: RunRequest, capabilities: readonly string[]): SpecSeccomp | undefined {
  if (request.seccomp === "unconfined") return undefined;
  const path = request.seccomp ?? SECCOMP_PROFILES.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new RuntimeError(
      "missing-program",
      `no default seccomp profile: ${SECCOMP_PROFILES.join(" or ")} (Debian package golang-github-containers-common)`,
    );
  }
  const architecture = SECCOMP_ARCHITECTURES[process.arch];
  if (architecture === undefined)
    throw new RuntimeError("bad-request", `no seccomp architecture is known for ${process.arch}`);
  let profile: Parameters<typeof resolveSeccomp>[0];
  try {
    profile = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new RuntimeError("bad-request", `read seccomp profile ${path}`, { cause });
  }
  return resolveSeccomp(profile, {
    ...architecture,
    capabilities,
    kernel: release(),
  });
}

function readEnvironmentFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new RuntimeError("bad-request", `read environment file ${path}`, { cause });
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}
