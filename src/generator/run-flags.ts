import { COMMON_FLAGS } from "./common-flags.ts";

/**
 * The flags of `berth run`, as data: podman's (and docker's) names, because `PodmanArgs=` in people's files holds
 * those. The command line, the generator's check of `PodmanArgs=`, help and the manual page read this one table.
 */
export interface RunFlag {
  /** Long name without dashes, as podman spells it. */
  readonly name: string;
  /** One-letter form without the dash. */
  readonly short?: string;
  /** `boolean` flags take an optional `=true|false`; `string` keeps the last value; `list` keeps all, in order. */
  readonly kind: "boolean" | "string" | "list";
  /** What the value is called in help: `--name NAME`. */
  readonly value?: string;
  readonly help: string;
  /** Left out of help: flags that only generated units use. */
  readonly hidden?: true;
}

export const RUN_FLAGS: readonly RunFlag[] = [
  COMMON_FLAGS.addHost,
  { name: "annotation", kind: "list", value: "KEY=VALUE", help: "Add an OCI annotation" },
  { name: "arch", kind: "string", value: "ARCH", help: "Pull the image for another architecture" },
  { name: "authfile", kind: "string", value: "PATH", help: "Authentication file for the registry" },
  { name: "cap-add", kind: "list", value: "CAP", help: "Add a capability, or all" },
  { name: "cap-drop", kind: "list", value: "CAP", help: "Drop a capability, or all" },
  { name: "cert-dir", kind: "string", value: "DIR", help: "Folder with certificates for the registry" },
  { name: "creds", kind: "string", value: "USER:PASSWORD", help: "Credentials for the registry" },
  { name: "decryption-key", kind: "list", value: "KEY[:PASSPHRASE]", help: "Private key for an encrypted image" },
  { name: "detach", short: "d", kind: "boolean", help: "Run in the background, as a unit of systemd's" },
  { name: "dns", kind: "list", value: "IP", help: "Resolver for /etc/resolv.conf; none keeps the image's file" },
  COMMON_FLAGS.dnsOption,
  COMMON_FLAGS.dnsSearch,
  {
    name: "entrypoint",
    kind: "string",
    value: "COMMAND",
    help: "Replace the image's entrypoint: a command or a JSON array",
  },
  {
    name: "env",
    short: "e",
    kind: "list",
    value: "NAME[=VALUE]",
    help: "Set a variable, or pass one on; NAME* passes all with that prefix",
  },
  { name: "env-file", kind: "list", value: "FILE", help: "Read variables from a file of NAME=VALUE lines" },
  { name: "env-host", kind: "boolean", help: "Pass on the whole environment of berth" },
  { name: "expose", kind: "list", value: "PORT[/PROTO]", help: "Note that the container listens on a port" },
  {
    name: "gidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map group ids, in a user namespace of the container's own",
  },
  { name: "hostname", short: "h", kind: "string", value: "NAME", help: "Host name inside the container" },
  {
    name: "ids-of",
    kind: "string",
    value: "USER",
    help: "Root inside is this user, and the other ids are the user's subordinate ones",
  },
  { name: "init", kind: "boolean", help: "Run a minimal init (catatonit) as PID 1" },
  { name: "interactive", short: "i", kind: "boolean", help: "Keep standard input open" },
  COMMON_FLAGS.ip,
  COMMON_FLAGS.ip6,
  COMMON_FLAGS.label,
  {
    name: "loginuid",
    kind: "string",
    value: "USER|UID|caller",
    help: "Seal the audit login uid of the container's processes",
  },
  COMMON_FLAGS.macAddress,
  {
    name: "mount",
    kind: "list",
    value: "SPEC",
    help: "Attach a mount: type=bind|volume|image|glob|tmpfs|ramfs|devpts,source=…,target=…",
  },
  { name: "name", kind: "string", value: "NAME", help: "Name of the container" },
  {
    name: "network",
    kind: "list",
    value: "NETWORK",
    help: "A network's name[:ip=…,ip6=…,mac=…,alias=…,interface_name=…], bridge, host, none, pasta, container:NAME or ns:PATH",
  },
  { name: "network-alias", kind: "list", value: "NAME", help: "Another name of the container in its networks" },
  { name: "os", kind: "string", value: "OS", help: "Pull the image for another operating system" },
  {
    name: "platform",
    kind: "string",
    value: "OS/ARCH[/VARIANT]",
    help: "Pull the image for another platform",
  },
  COMMON_FLAGS.publish,
  { name: "pod", kind: "string", value: "NAME", help: "Join a pod: its network, IPC and host name" },
  { name: "pull", kind: "string", value: "POLICY", help: "always, missing, never or newer" },
  { name: "quiet", short: "q", kind: "boolean", help: "Show no progress of a pull" },
  { name: "read-only", kind: "boolean", help: "Mount the root file system read-only" },
  {
    name: "read-only-tmpfs",
    kind: "boolean",
    help: "With --read-only: writable tmpfs on /run, /tmp, /var/tmp (default true)",
  },
  { name: "replace", kind: "boolean", help: "Remove a container of the same name first" },
  { name: "retry", kind: "string", value: "COUNT", help: "How often a failed pull is tried again (3)" },
  { name: "retry-delay", kind: "string", value: "DURATION", help: "Wait between tries of a pull, such as 10s" },
  { name: "rm", kind: "boolean", help: "Remove the container when it ends (always so)" },
  {
    name: "sdnotify",
    kind: "string",
    value: "MODE",
    help: "started, container or ignore: who tells systemd that the unit is ready",
    hidden: true,
  },
  { name: "security-opt", kind: "list", value: "OPT", help: "no-new-privileges, seccomp=FILE|unconfined" },
  { name: "shm-size", kind: "string", value: "SIZE", help: "Size of /dev/shm (64m)" },
  { name: "stop-signal", kind: "string", value: "SIGNAL", help: "Signal that asks the payload to stop" },
  { name: "stop-timeout", kind: "string", value: "SECONDS", help: "Wait this long before SIGKILL (10)" },
  COMMON_FLAGS.subgidname,
  COMMON_FLAGS.subuidname,
  { name: "sysctl", kind: "list", value: "NAME=VALUE", help: "Set a namespaced kernel parameter" },
  {
    name: "tls-verify",
    kind: "boolean",
    help: "Check the registry's certificate; false allows plain HTTP",
  },
  { name: "tmpfs", kind: "list", value: "DIR[:OPTIONS]", help: "Mount a tmpfs" },
  { name: "tty", short: "t", kind: "boolean", help: "Allocate a terminal" },
  { name: "tz", kind: "string", value: "ZONE", help: "Time zone inside the container, or local" },
  {
    name: "uidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map user ids, in a user namespace of the container's own",
  },
  { name: "ulimit", kind: "list", value: "TYPE=SOFT[:HARD]", help: "Set a resource limit, or host" },
  {
    name: "unit",
    kind: "string",
    value: "UNIT",
    help: "The systemd service this command is the ExecStart= of",
    hidden: true,
  },
  { name: "user", short: "u", kind: "string", value: "USER[:GROUP]", help: "User, and group, inside the container" },
  { name: "variant", kind: "string", value: "VARIANT", help: "Pull the image for another variant of the architecture" },
  COMMON_FLAGS.userns,
  {
    name: "volume",
    short: "v",
    kind: "list",
    value: "SOURCE:DEST[:OPTIONS]",
    help: "Attach a host path or a named volume",
  },
  { name: "workdir", short: "w", kind: "string", value: "DIR", help: "Working directory inside the container" },
];
