import { isAbsolute, resolve } from "node:path";
import { type CommandContext, CommandError } from "../../cli/program/command.ts";
import { formatAddress, parseAddress } from "../../ip-address.ts";
import type { SharedKind } from "../../state/pod-record.ts";
import type { FlagValues } from "../flags/parse.ts";
import { checkAddHost, checkDns } from "../values/address.ts";
import { checkCapability } from "../values/capability.ts";
import { type Problem, splitAt, type ValueCheck } from "../values/check.ts";
import { checkEntrypoint, checkNamedValue } from "../values/command.ts";
import { checkMount } from "../values/mount.ts";
import { checkContainerName, checkHostName } from "../values/name.ts";
import {
  checkIpv4,
  checkIpv6,
  checkMacAddress,
  checkNetwork,
  checkNetworkAlias,
  checkResolverWord,
} from "../values/network.ts";
import { checkContainerPath, checkTimezone } from "../values/path.ts";
import { checkPublishPort } from "../values/port.ts";
import { checkPull, checkRetry } from "../values/pull.ts";
import { checkSysctl, checkUlimit } from "../values/resource.ts";
import { checkSignal, signalName } from "../values/signal.ts";
import { checkSize, sizeInBytes } from "../values/size.ts";
import { checkDuration, checkStopTimeout } from "../values/time.ts";
import { checkTmpfs } from "../values/tmpfs.ts";
import {
  checkIdMapping,
  checkUserNamespace,
  overlapOf,
  parseIdMapping,
  parseUserNamespace,
} from "../values/user-namespace.ts";
import { checkVolume } from "../values/volume.ts";
import { parseMount, parseTmpfs, parseVolume } from "./parse-mount.ts";
import { type NetworkFlags, toNetworkRequest } from "./parse-network.ts";
import type { HostEntry, PortMapping, RunRequest, Ulimit, UserNamespaceRequest } from "./run-request.ts";

/** podman's defaults: 64 MiB of /dev/shm, ten seconds to stop. */
const SHM_SIZE = 64 * 1024 * 1024;
const STOP_TIMEOUT = 10;

/**
 * The typed request of a `berth run` command line. Values are judged by the same checks as the keys of `.container`
 * files. Relative host paths are relative to `cwd`; whose `scope` it is decides on the default network, and what the
 * containers of its pod share, if it is in one, on what it may have of its own. Throws CommandError (exit code 125, as
 * podman) that names the flag.
 */
export function toRunRequest(
  flags: FlagValues,
  image: string,
  command: readonly string[],
  { cwd, scope }: Pick<CommandContext, "cwd" | "scope">,
  ofPod: readonly SharedKind[] = ["ipc", "net", "uts"],
): RunRequest {
  const read = new FlagReader(flags);
  const text = (name: string, check?: ValueCheck) => read.text(name, check);
  const list = (name: string, check?: ValueCheck) => read.list(name, check);
  const flag = (name: string) => read.flag(name);
  const pod = nameInUnit(text("pod"));
  if (pod !== undefined) refuseBesidePod(flags, ofPod);
  const security = parseSecurityOptions(list("security-opt"));
  const ulimits = list("ulimit", checkUlimit);
  const signal = text("stop-signal", checkSignal);
  const shmSize = text("shm-size", checkSize);
  const entrypoint = text("entrypoint", checkEntrypoint);
  const unit = text("unit");
  return {
    name: unit === undefined ? text("name", checkContainerName) : nameInUnit(text("name")),
    unit,
    detach: flag("detach"),
    sdnotify: notifyMode(text("sdnotify")),
    image,
    command,
    entrypoint: entrypoint === undefined ? undefined : parseEntrypoint(entrypoint),
    env: list("env"),
    envFiles: list("env-file").map((path) => resolve(cwd, path)),
    envHost: flag("env-host"),
    workdir: text("workdir", checkContainerPath),
    user: text("user"),
    hostname: text("hostname", checkHostName),
    mounts: [
      ...list("volume", checkVolume).map((value) => parseVolume(value, cwd)),
      ...list("mount", checkMount).map((value) => parseMount(value, cwd)),
      ...list("tmpfs", checkTmpfs).map(parseTmpfs),
    ],
    network:
      pod !== undefined && flags.network === undefined && ofPod.includes("net")
        ? { mode: "pod" }
        : toNetworkRequest(networkFlags(read), scope.kind),
    pod,
    ports: list("publish", checkPublishPort).map(parsePort),
    addHosts: list("add-host", checkAddHost).map(parseHost),
    dns: list("dns", checkDns),
    dnsOptions: list("dns-option", checkResolverWord),
    dnsSearch: list("dns-search", checkResolverWord),
    labels: assignments(list("label")),
    annotations: assignments(list("annotation", checkNamedValue)),
    capAdd: list("cap-add", checkCapability).map(capabilityName),
    capDrop: list("cap-drop", checkCapability).map(capabilityName),
    noNewPrivileges: security.noNewPrivileges,
    seccomp: security.seccomp,
    readOnly: flag("read-only"),
    readOnlyTmpfs: flags["read-only-tmpfs"] !== false,
    stopSignal: signal === undefined ? undefined : signalName(signal)?.replace(/^SIG/, ""),
    stopTimeout: Number(text("stop-timeout", checkStopTimeout) ?? STOP_TIMEOUT),
    timezone: text("tz", checkTimezone),
    ulimits: ulimits.includes("host") ? "host" : ulimits.map(parseUlimit),
    sysctls: assignments(list("sysctl", checkSysctl)),
    shmSize: shmSize === undefined ? SHM_SIZE : (sizeInBytes(shmSize) ?? SHM_SIZE),
    init: flag("init"),
    pull: (text("pull", checkPull) ?? "missing") as RunRequest["pull"],
    pullWords: {
      platform: text("platform"),
      arch: text("arch"),
      os: text("os"),
      variant: text("variant"),
      creds: text("creds"),
      authfile: text("authfile"),
      certDir: text("cert-dir"),
      tlsVerify: flags["tls-verify"] === undefined ? undefined : flag("tls-verify"),
      retry: text("retry", checkRetry),
      retryDelay: text("retry-delay", checkDuration),
      decryptionKey: list("decryption-key"),
      quiet: flag("quiet"),
    },
    tty: flag("tty"),
    interactive: flag("interactive"),
    loginuid: text("loginuid"),
    userNamespace: userNamespaceFlags(read),
    idsOf: text("ids-of"),
    replace: flag("replace"),
  };
}

/** The user namespace that podman's flags ask for. */
export function userNamespaceFlags(read: FlagReader): UserNamespaceRequest {
  return userNamespace({
    mode: read.text("userns", checkUserNamespace),
    uids: read.list("uidmap", checkIdMapping),
    gids: read.list("gidmap", checkIdMapping),
    users: read.text("subuidname"),
    groups: read.text("subgidname"),
  });
}

/** podman's flags about user namespaces, of which only one kind can be given. */
function userNamespace(flags: {
  readonly mode: string | undefined;
  readonly uids: readonly string[];
  readonly gids: readonly string[];
  readonly users: string | undefined;
  readonly groups: string | undefined;
}): UserNamespaceRequest {
  const { uids, gids, users, groups } = flags;
  const parsed = parseUserNamespace(flags.mode ?? "host");
  const mapped = uids.length > 0 || gids.length > 0;
  const named = users ?? groups;
  if (mapped || named !== undefined) {
    if (mapped && named !== undefined)
      throw refuse("subuidname", named, "cannot be combined with --uidmap and --gidmap");
    if (flags.mode !== undefined && parsed.mode !== "private")
      throw refuse(
        "userns",
        flags.mode,
        `cannot be combined with ${mapped ? "--uidmap and --gidmap" : "--subuidname"}`,
      );
    if (named !== undefined) return { mode: "subordinate", users: users ?? named, groups: groups ?? named };
    // One kind alone stands for both.
    const maps = {
      uids: (uids.length > 0 ? uids : gids).map(parseIdMapping),
      gids: (gids.length > 0 ? gids : uids).map(parseIdMapping),
    };
    for (const [flag, list] of [
      ["uidmap", maps.uids],
      ["gidmap", maps.gids],
    ] as const) {
      const overlap = overlapOf(list);
      if (overlap !== undefined) throw badFlag(flag, uids[overlap.at] ?? gids[overlap.at] ?? "", overlap.problem);
    }
    return { mode: "maps", ...maps };
  }
  if (parsed.mode === "private")
    throw refuse("userns", "private", "needs --uidmap, --gidmap, --subuidname or --subgidname");
  return parsed;
}

/** The values of flags, each looked at by the check of its key. What is wrong is thrown as a CommandError. */
export class FlagReader {
  readonly #flags: FlagValues;

  constructor(flags: FlagValues) {
    this.#flags = flags;
  }

  text(name: string, check?: ValueCheck): string | undefined {
    const value = this.#flags[name];
    return typeof value === "string" ? checked(name, value, check) : undefined;
  }

  list(name: string, check?: ValueCheck): string[] {
    const values = this.#flags[name];
    return Array.isArray(values) ? values.map((value) => checked(name, value, check)) : [];
  }

  flag(name: string): boolean {
    return this.#flags[name] === true;
  }
}

/**
 * What a container in a pod has of the pod, and cannot have otherwise: its name, and without a network of its own what
 * is about that.
 */
function refuseBesidePod(flags: FlagValues, shared: readonly SharedKind[]): void {
  const ofNetwork = shared.includes("net") && flags.network === undefined ? ["publish", "add-host", "dns"] : [];
  for (const name of [...(shared.includes("uts") ? ["hostname"] : []), ...ofNetwork]) {
    if (flags[name] === undefined) continue;
    throw new CommandError(`--${name} cannot be set in a pod, whose containers share it: set it for the pod`, 125);
  }
}

/**
 * A name with a unit's instance in it, which may hold what a container's name cannot (addresses of a connection,
 * `\x2d`): an underscore takes the place of such a character.
 */
export function nameInUnit(name: string | undefined): string | undefined {
  const replaced = name?.replace(/[^A-Za-z0-9_.-]/g, "_");
  // A file is called so, and these are names of folders.
  if (replaced !== undefined && /^\.{0,2}$/.test(replaced)) throw refuse("name", replaced, "not a container name");
  return replaced;
}

function checked(name: string, value: string, check: ValueCheck | undefined): string {
  const problem = check?.(value);
  if (problem !== undefined) throw badFlag(name, value, problem);
  return value;
}

function badFlag(name: string, value: string, problem: Problem): CommandError {
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  return new CommandError(`--${name} ${value}: ${problem.message}${hint}`, 125);
}

function refuse(name: string, value: string, message: string): CommandError {
  return badFlag(name, value, { code: "bad-flag", message });
}

/** podman's words are taken too: "conmon" means that the manager speaks, as berth does with "started". */
function notifyMode(value: string | undefined): RunRequest["sdnotify"] {
  if (value === undefined || value === "ignore") return "ignore";
  if (value === "started" || value === "conmon") return "started";
  if (value === "container") return "container";
  throw refuse("sdnotify", value, "started, container or ignore");
}

/** A JSON array is several words, anything else is one; nothing at all clears the image's entrypoint. */
function parseEntrypoint(value: string): string[] {
  if (value === "") return [];
  return value.startsWith("[") ? (JSON.parse(value) as string[]) : [value];
}

function parseSecurityOptions(options: readonly string[]): { noNewPrivileges: boolean; seccomp: string | undefined } {
  let noNewPrivileges = false;
  let seccomp: string | undefined;
  for (const option of options) {
    const { head, tail } = splitAt(option.replace(":", "="), "=");
    if (head === "no-new-privileges") noNewPrivileges = tail === undefined || tail === "true";
    else if (head === "seccomp" && tail !== undefined && (tail === "unconfined" || isAbsolute(tail))) seccomp = tail;
    else throw refuse("security-opt", option, "not supported yet: no-new-privileges and seccomp=/FILE|unconfined are");
  }
  return { noNewPrivileges, seccomp };
}

/** The flags about networks, which pods have too. */
export function networkFlags(read: FlagReader): NetworkFlags {
  return {
    networks: read.list("network", checkNetwork),
    ip: read.text("ip", checkIpv4),
    ip6: read.text("ip6", checkIpv6),
    mac: read.text("mac-address", checkMacAddress),
    aliases: read.list("network-alias", checkNetworkAlias),
  };
}

/** `[[ip:][hostPort]:]containerPort[/protocol]`, checked before. Without a host port it is 0: any that is free. */
export function parsePort(value: string): PortMapping {
  const { head, tail } = splitAt(value, "/");
  const [, hostIp = "", host = "", container = ""] = /^(?:(\[[^\]]*\]|[^:]*):)??(?:([^:]*):)?([^:]*)$/.exec(head) ?? [];
  const [first, last] = container.split("-").map(Number);
  const [hostFirst] = host === "" ? [0] : host.split("-").map(Number);
  return {
    hostIp: usualAddress(hostIp.replace(/^\[|\]$/g, "")),
    hostPort: hostFirst ?? 0,
    containerPort: first ?? 0,
    range: (last ?? first ?? 0) - (first ?? 0) + 1,
    protocol: (tail?.toLowerCase() ?? "tcp") as PortMapping["protocol"],
  };
}

/**
 * In one form, so that two texts of one address are seen to be that; IPv4 in IPv6's clothes (RFC 4291, 2.5.5.2) is
 * IPv4.
 */
function usualAddress(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return text;
  const mapped = address.family === 6 && address.value >> 32n === 0xffffn;
  return formatAddress(mapped ? { family: 4, value: address.value & 0xffff_ffffn } : address);
}

export function parseHost(value: string): HostEntry {
  const { head, tail = "" } = splitAt(value, ":");
  return { names: head.split(";"), address: tail.replace(/^\[|\]$/g, "") };
}

function parseUlimit(value: string): Ulimit {
  const { head, tail = "" } = splitAt(value, "=");
  const { head: soft, tail: hard } = splitAt(tail, ":");
  const limit = (text: string) => (text === "unlimited" ? -1 : Number(text));
  return { type: head, soft: limit(soft), hard: limit(hard ?? soft) };
}

function capabilityName(value: string): string {
  return value.toUpperCase().replace(/^CAP_/, "");
}

export function assignments(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const { head, tail } = splitAt(value, "=");
      return [head, tail ?? ""];
    }),
  );
}
