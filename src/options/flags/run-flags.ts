import { OCI_RUNTIMES } from "../../oci-runtimes.ts";
import type { RunRequest } from "../requests/run-request.ts";
import { parseDns } from "../values/address.ts";
import { parseCapability } from "../values/capability.ts";
import { parseOciRuntime } from "../values/choice/oci-runtime.ts";
import { parseAssignment, parseEntrypoint } from "../values/command.ts";
import { parseDuration } from "../values/duration.ts";
import { parseRestart } from "../values/exit-policy.ts";
import { parseMount } from "../values/mount/mount.ts";
import { parseTmpfs } from "../values/mount/tmpfs.ts";
import { parseHostName } from "../values/name.ts";
import { parseNetwork, parseNetworkAlias } from "../values/network.ts";
import { parseNotifyMode } from "../values/notify-mode.ts";
import { parseContainerPath, parseTimezone } from "../values/path.ts";
import { parseExposedPort } from "../values/port.ts";
import { PULL_POLICIES, parsePullPolicy, parseRetry } from "../values/pull.ts";
import { parseSecurityOption } from "../values/security-option.ts";
import { parseSignal } from "../values/signal.ts";
import { parseSize, SHM_SIZE } from "../values/size.ts";
import { parseStopTimeout, STOP_TIMEOUT } from "../values/stop-timeout.ts";
import { parseSysctl } from "../values/sysctl.ts";
import { parseUlimit } from "../values/ulimit.ts";
import { parseIdMapping } from "../values/user-namespace.ts";
import { parseVolume } from "../values/volume.ts";
import { COMMON_FLAGS } from "./common-flags.ts";
import type { Flag } from "./flag.ts";
import { inEffectOnly, LOG_DRIVERS, NO } from "./in-effect.ts";

/**
 * The flags of `berth run`, as data: podman's (and docker's) names, because `PodmanArgs=` in people's files holds
 * those. The command line, the request, the generator's check of `PodmanArgs=`, help, the manual page and completion
 * read this one table.
 *
 * A new flag takes two places, and a new key of `.container` files that is one a third:
 *
 * 1. a row here, with the grammar of its value (`parse`) and the request's property that it becomes (`field`);
 * 2. that property of RunRequest (src/options/requests/run-request.ts), which the compiler asks for;
 * 3. a row in src/generator/keys/container.ts that names the flag's row: `carries(RUN.tz)`.
 */
export const RUN = {
  addHost: COMMON_FLAGS.addHost,
  annotation: {
    name: "annotation",
    kind: "list",
    value: "KEY=VALUE",
    help: "Add an OCI annotation",
    parse: parseAssignment,
    freeText: true,
    field: "annotations",
    record: true,
  },
  arch: { name: "arch", kind: "string", value: "ARCH", help: "Pull the image for another architecture" },
  authfile: {
    name: "authfile",
    kind: "string",
    value: "PATH",
    help: "Authentication file for the registry",
    complete: "files",
  },
  capAdd: {
    name: "cap-add",
    kind: "list",
    value: "CAP",
    help: "Add a capability, or all",
    parse: parseCapability,
    field: "capAdd",
    commas: "words",
  },
  capDrop: {
    name: "cap-drop",
    kind: "list",
    value: "CAP",
    help: "Drop a capability, or all",
    parse: parseCapability,
    field: "capDrop",
    commas: "words",
  },
  certDir: {
    name: "cert-dir",
    kind: "string",
    value: "DIR",
    help: "Folder with certificates for the registry",
    complete: "folders",
  },
  creds: {
    name: "creds",
    kind: "string",
    value: "USER:PASSWORD",
    help: "Credentials for the registry",
    freeText: true,
  },
  decryptionKey: {
    name: "decryption-key",
    kind: "list",
    value: "KEY[:PASSPHRASE]",
    help: "Private key for an encrypted image",
    freeText: true,
    complete: "files",
  },
  detach: {
    name: "detach",
    short: "d",
    kind: "boolean",
    help: "Run in the background, as a unit of systemd's",
    field: "detach",
  },
  dns: {
    name: "dns",
    kind: "list",
    value: "IP",
    help: "Resolver for /etc/resolv.conf; none keeps the image's file",
    parse: parseDns,
    field: "dns",
    commas: "words",
  },
  dnsOption: COMMON_FLAGS.dnsOption,
  dnsSearch: COMMON_FLAGS.dnsSearch,
  entrypoint: {
    name: "entrypoint",
    kind: "string",
    value: "COMMAND",
    help: "Replace the image's entrypoint: a command or a JSON array",
    parse: parseEntrypoint,
    freeText: true,
    field: "entrypoint",
  },
  env: {
    name: "env",
    short: "e",
    kind: "list",
    value: "NAME[=VALUE]",
    help: "Set a variable, or pass one on; NAME* passes all with that prefix",
    freeText: true,
    field: "env",
  },
  envFile: {
    name: "env-file",
    kind: "list",
    value: "FILE",
    help: "Read variables from a file of NAME=VALUE lines",
    complete: "files",
  },
  envHost: { name: "env-host", kind: "boolean", help: "Pass on the whole environment of berth", field: "envHost" },
  expose: {
    name: "expose",
    kind: "list",
    value: "PORT[/PROTO]",
    help: "Note that the container listens on a port",
    parse: parseExposedPort,
    commas: "words",
  },
  gidmap: {
    name: "gidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map group ids, in a user namespace of the container's own",
    parse: parseIdMapping,
    commas: "words",
  },
  hostname: {
    name: "hostname",
    short: "h",
    kind: "string",
    value: "NAME",
    help: "Host name inside the container",
    parse: parseHostName,
    field: "hostname",
  },
  httpProxy: {
    name: "http-proxy",
    kind: "string",
    value: "VALUE",
    help: "Whether proxy variables are passed on: false, which is always so",
    parse: inEffectOnly(NO),
    complete: ["false"],
  },
  idsOf: {
    name: "ids-of",
    kind: "string",
    value: "USER",
    help: "Root inside is this user, and the other ids are the user's subordinate ones",
    field: "idsOf",
  },
  init: { name: "init", kind: "boolean", help: "Run a minimal init (catatonit) as PID 1", field: "init" },
  interactive: {
    name: "interactive",
    short: "i",
    kind: "boolean",
    help: "Hand standard input on to the container, or keep it open in the background",
    field: "interactive",
  },
  ip: COMMON_FLAGS.ip,
  ip6: COMMON_FLAGS.ip6,
  label: COMMON_FLAGS.label,
  logDriver: {
    name: "log-driver",
    kind: "string",
    value: "DRIVER",
    help: "journald or passthrough, which is so for services",
    parse: inEffectOnly(LOG_DRIVERS),
    complete: LOG_DRIVERS,
  },
  loginuid: {
    name: "loginuid",
    kind: "string",
    value: "USER|UID|caller",
    help: "Seal the audit login uid of the container's processes",
    field: "loginuid",
  },
  macAddress: COMMON_FLAGS.macAddress,
  mount: {
    name: "mount",
    kind: "list",
    value: "SPEC",
    help: "Attach a mount: type=bind|volume|image|glob|tmpfs|ramfs|devpts,source=…,target=…",
    parse: parseMount,
  },
  name: { name: "name", kind: "string", value: "NAME", help: "Name of the container" },
  network: {
    name: "network",
    aliases: ["net"],
    kind: "list",
    value: "NETWORK",
    help: "A network's name[:ip=…,ip6=…,mac=…,alias=…,interface_name=…], bridge, host, none, pasta, container:NAME or ns:PATH",
    parse: parseNetwork,
    complete: ["bridge", "host", "none", "pasta", "container:", "ns:"],
  },
  networkAlias: {
    name: "network-alias",
    aliases: ["net-alias"],
    kind: "list",
    value: "NAME",
    help: "Another name of the container in its networks",
    parse: parseNetworkAlias,
    commas: "words",
  },
  os: { name: "os", kind: "string", value: "OS", help: "Pull the image for another operating system" },
  platform: {
    name: "platform",
    kind: "string",
    value: "OS/ARCH[/VARIANT]",
    help: "Pull the image for another platform",
  },
  publish: COMMON_FLAGS.publish,
  pod: { name: "pod", kind: "string", value: "NAME", help: "Join a pod: its network, IPC and host name" },
  pull: {
    name: "pull",
    kind: "string",
    value: "POLICY",
    help: "always, missing, never or newer",
    parse: parsePullPolicy,
    field: "pull",
    otherwise: "missing",
    complete: PULL_POLICIES,
  },
  quiet: { name: "quiet", short: "q", kind: "boolean", help: "Show no progress of a pull" },
  readOnly: { name: "read-only", kind: "boolean", help: "Mount the root file system read-only", field: "readOnly" },
  readOnlyTmpfs: {
    name: "read-only-tmpfs",
    kind: "boolean",
    help: "With --read-only: writable tmpfs on /run, /tmp, /var/tmp (default true)",
    field: "readOnlyTmpfs",
    otherwise: true,
  },
  replace: { name: "replace", kind: "boolean", help: "Remove a container of the same name first", field: "replace" },
  restart: {
    name: "restart",
    kind: "string",
    value: "POLICY",
    help: "no, which is always so; Restart= in [Service] of a container file is for services",
    parse: parseRestart,
    complete: ["no"],
  },
  retry: {
    name: "retry",
    kind: "string",
    value: "COUNT",
    help: "How often a failed pull is tried again (3)",
    parse: parseRetry,
  },
  retryDelay: {
    name: "retry-delay",
    kind: "string",
    value: "DURATION",
    help: "Wait between tries of a pull, such as 10s",
    parse: parseDuration,
  },
  rm: { name: "rm", kind: "boolean", help: "Remove the container when it ends (always so)" },
  runtime: {
    name: "runtime",
    kind: "string",
    value: "NAME",
    help: `OCI runtime that makes the container: ${OCI_RUNTIMES.join(" or ")} (see berth.conf(5))`,
    parse: parseOciRuntime,
    field: "runtime",
    complete: OCI_RUNTIMES,
  },
  sdnotify: {
    name: "sdnotify",
    kind: "string",
    value: "MODE",
    help: "started, container or ignore: who tells systemd that the unit is ready",
    hidden: true,
    parse: parseNotifyMode,
    field: "sdnotify",
    otherwise: "ignore",
  },
  securityOpt: {
    name: "security-opt",
    kind: "list",
    value: "OPT",
    help: "no-new-privileges, seccomp=FILE|unconfined",
    parse: parseSecurityOption,
  },
  shmSize: {
    name: "shm-size",
    kind: "string",
    value: "SIZE",
    help: "Size of /dev/shm (64m)",
    parse: parseSize,
    field: "shmSize",
    otherwise: SHM_SIZE,
  },
  stopSignal: {
    name: "stop-signal",
    kind: "string",
    value: "SIGNAL",
    help: "Signal that asks the payload to stop",
    parse: parseSignal,
  },
  stopTimeout: {
    name: "stop-timeout",
    kind: "string",
    value: "SECONDS",
    help: "Wait this long before SIGKILL (10)",
    parse: parseStopTimeout,
    field: "stopTimeout",
    otherwise: STOP_TIMEOUT,
  },
  subgidname: COMMON_FLAGS.subgidname,
  subuidname: COMMON_FLAGS.subuidname,
  sysctl: {
    name: "sysctl",
    kind: "list",
    value: "NAME=VALUE",
    help: "Set a namespaced kernel parameter",
    parse: parseSysctl,
    field: "sysctls",
    record: true,
    commas: "assignments",
  },
  tlsVerify: { name: "tls-verify", kind: "boolean", help: "Check the registry's certificate; false allows plain HTTP" },
  tmpfs: { name: "tmpfs", kind: "list", value: "DIR[:OPTIONS]", help: "Mount a tmpfs", parse: parseTmpfs },
  tty: { name: "tty", short: "t", kind: "boolean", help: "Allocate a terminal", field: "tty" },
  tz: {
    name: "tz",
    kind: "string",
    value: "ZONE",
    help: "Time zone inside the container, or local",
    parse: parseTimezone,
    field: "timezone",
  },
  uidmap: {
    name: "uidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map user ids, in a user namespace of the container's own",
    parse: parseIdMapping,
    commas: "words",
  },
  ulimit: {
    name: "ulimit",
    kind: "list",
    value: "TYPE=SOFT[:HARD]",
    help: "Set a resource limit, or host",
    parse: parseUlimit,
    commas: "words",
  },
  unit: {
    name: "unit",
    kind: "string",
    value: "UNIT",
    help: "The systemd service this command is the ExecStart= of",
    hidden: true,
    field: "unit",
  },
  unitSignal: {
    name: "unit-signal",
    kind: "string",
    value: "SIGNAL",
    help: "The signal by which that service stops, as the image's own",
    hidden: true,
    parse: parseSignal,
    field: "unitSignal",
  },
  user: {
    name: "user",
    short: "u",
    kind: "string",
    value: "USER[:GROUP]",
    help: "User, and group, inside the container",
    field: "user",
  },
  variant: {
    name: "variant",
    kind: "string",
    value: "VARIANT",
    help: "Pull the image for another variant of the architecture",
  },
  userns: COMMON_FLAGS.userns,
  volume: {
    name: "volume",
    short: "v",
    kind: "list",
    value: "SOURCE:DEST[:OPTIONS]",
    help: "Attach a host path or a named volume",
    parse: parseVolume,
  },
  workdir: {
    name: "workdir",
    short: "w",
    kind: "string",
    value: "DIR",
    help: "Working directory inside the container",
    parse: parseContainerPath,
    field: "workdir",
  },
} as const satisfies Readonly<Record<string, Flag & { readonly field?: keyof RunRequest }>>;

/** One row of the table. */
export type RunFlag = (typeof RUN)[keyof typeof RUN];

export const RUN_FLAGS: readonly Flag[] = Object.values(RUN);
