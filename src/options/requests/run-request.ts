import type { IdMapping } from "../../id-map.ts";
import type { OciRuntimeName } from "../../oci-runtimes.ts";
import type { HostEntry } from "../values/address.ts";
import type { Capability } from "../values/capability.ts";
import type { NotifyMode } from "../values/notify-mode.ts";
import type { PortMapping } from "../values/port.ts";
import type { PullPolicy } from "../values/pull.ts";
import type { Ulimit } from "../values/ulimit.ts";

export type { HostEntry, PortMapping, Ulimit };

/** A container to be started: the typed form of `berth run`'s command line. */
export interface RunRequest {
  readonly name: string | undefined;
  /** The systemd service whose ExecStart= this is; undefined on a user's own command line. */
  readonly unit: string | undefined;
  /** Leave the container running as a process of its own, rather than become its foreground runner. */
  readonly detach: boolean;
  readonly sdnotify: NotifyMode;
  readonly image: string;
  /** Replaces the image's Cmd when not empty. */
  readonly command: readonly string[];
  /** Replaces the image's Entrypoint; an empty list clears it. */
  readonly entrypoint: readonly string[] | undefined;
  /** `NAME=VALUE`, `NAME` (pass on) or `PREFIX*` (pass on all), in order. */
  readonly env: readonly string[];
  readonly envFiles: readonly string[];
  readonly envHost: boolean;
  readonly workdir: string | undefined;
  /** `USER[:GROUP]`, names or numbers. */
  readonly user: string | undefined;
  readonly hostname: string | undefined;
  readonly mounts: readonly MountRequest[];
  readonly network: NetworkRequest;
  /** Name of the pod to join: its network, IPC and host name are then the container's. */
  readonly pod: string | undefined;
  readonly ports: readonly PortMapping[];
  readonly addHosts: readonly HostEntry[];
  /** Resolvers in place of the host's, or of the networks'; `none` leaves the image's own file. */
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Without the CAP_ prefix, upper case; `ALL` stands for every one. */
  readonly capAdd: readonly (Capability | "ALL")[];
  readonly capDrop: readonly (Capability | "ALL")[];
  readonly noNewPrivileges: boolean;
  /** Path of a profile, `unconfined`, or undefined for the distribution's default profile. */
  readonly seccomp: string | undefined;
  readonly readOnly: boolean;
  readonly readOnlyTmpfs: boolean;
  /** Signal name without SIG, or a number; undefined leaves it to the image, then TERM. */
  readonly stopSignal: string | undefined;
  /** The name of the signal by which systemd stops the unit, where the generator took it for the image's. */
  readonly unitSignal: string | undefined;
  /** Seconds. */
  readonly stopTimeout: number;
  readonly timezone: string | undefined;
  readonly ulimits: readonly Ulimit[] | "host";
  readonly sysctls: Readonly<Record<string, string>>;
  /** Bytes; 0 is unlimited. */
  readonly shmSize: number;
  readonly init: boolean;
  readonly pull: PullPolicy;
  /** How the image is pulled if it has to be. */
  readonly pullWords: PullWords;
  readonly tty: boolean;
  readonly interactive: boolean;
  /** User name, uid, or `caller`. */
  readonly loginuid: string | undefined;
  readonly userNamespace: UserNamespaceRequest;
  /**
   * A user of the host's, by name: the ids of system containers are then that user's and the user's subordinate ones.
   */
  readonly idsOf: string | undefined;
  /** The OCI runtime that makes it; undefined leaves it to berth.conf. */
  readonly runtime: OciRuntimeName | undefined;
  /** Remove a running container of the same name first. */
  readonly replace: boolean;
}

/**
 * The network of a container: the host's, none but a loopback interface, the pod's, another container's, an existing
 * namespace, one that pasta connects (an ordinary user's default), or any number of networks, each with its own
 * interface.
 */
export type NetworkRequest =
  | { readonly mode: "host" }
  | { readonly mode: "none" }
  | { readonly mode: "pod" }
  | { readonly mode: "container"; readonly name: string }
  | { readonly mode: "namespace"; readonly path: string }
  | { readonly mode: "pasta"; readonly options: readonly string[] }
  | { readonly mode: "bridge"; readonly networks: readonly NetworkAttachment[] };

/** A container's place in one network, `--network NAME:…`. */
export interface NetworkAttachment {
  readonly name: string;
  /** Its further names in this network. */
  readonly aliases: readonly string[];
  /** Fixed addresses, at most one for each subnet; for the rest a free one is taken. */
  readonly ips: readonly string[];
  /** Six pairs of hexadecimal digits with colons between. */
  readonly mac: string | undefined;
  /** The interface's name inside; eth0, eth1… if undefined. */
  readonly interfaceName: string | undefined;
}

/**
 * The values of a command line about a pull. They are resolved only for a pull: most containers find their image in the
 * store.
 */
export interface PullWords {
  readonly platform?: string | undefined;
  readonly arch?: string | undefined;
  readonly os?: string | undefined;
  readonly variant?: string | undefined;
  /** `USER:PASSWORD` */
  readonly creds?: string | undefined;
  readonly authfile?: string | undefined;
  readonly certDir?: string | undefined;
  readonly tlsVerify?: boolean | undefined;
  /** Tries after the first. */
  readonly retry?: number | undefined;
  /** Milliseconds between tries. */
  readonly retryDelay?: number | undefined;
  /** `FILE[:PASSPHRASE]` each */
  readonly decryptionKey?: readonly string[] | undefined;
  readonly quiet?: boolean | undefined;
}

/**
 * Something to mount in the container besides its root. `options` are mount(8) words plus podman's own (z, U, O,
 * copy…); `subpath` is a folder or file below the source's root.
 */
export type MountRequest =
  | { readonly type: "bind"; readonly source: string; readonly target: string; readonly options: readonly string[] }
  | {
      readonly type: "volume";
      readonly name: string;
      readonly target: string;
      readonly options: readonly string[];
      readonly subpath?: string;
      /** For a volume that is made here. */
      readonly labels?: Readonly<Record<string, string>>;
    }
  | { readonly type: "anonymous"; readonly target: string; readonly options: readonly string[] }
  | {
      readonly type: "tmpfs" | "ramfs" | "devpts";
      readonly target: string;
      readonly options: readonly string[];
    }
  /** Every path that the pattern means; `target` is the folder for them, "" where they are on the host. */
  | { readonly type: "glob"; readonly pattern: string; readonly target: string; readonly options: readonly string[] }
  | {
      readonly type: "image";
      readonly image: string;
      readonly target: string;
      readonly options: readonly string[];
      readonly writable: boolean;
      readonly subpath?: string;
    };

/** Which ids of the host the container's ids are, podman-run(1) `--userns`. */
export type UserNamespaceRequest =
  /** The same ones: no user namespace besides the one that berth itself is in. */
  | { readonly mode: "host" }
  /**
   * The user that berth runs for is `uid` and `gid` inside (the same as outside if undefined), and the payload's user.
   */
  | {
      readonly mode: "keep-id";
      readonly uid: number | undefined;
      readonly gid: number | undefined;
      readonly size: number | undefined;
    }
  /** Subordinate ids only: the user that berth runs for has no id inside. */
  | { readonly mode: "nomap" }
  /** Ids that no other container has, except in the given mappings. */
  | {
      readonly mode: "auto";
      readonly size: number | undefined;
      readonly uids: readonly IdMapping[];
      readonly gids: readonly IdMapping[];
    }
  | { readonly mode: "maps"; readonly uids: readonly IdMapping[]; readonly gids: readonly IdMapping[] }
  /** All ids of these names in /etc/subuid and /etc/subgid. */
  | { readonly mode: "subordinate"; readonly users: string; readonly groups: string }
  | { readonly mode: "namespace"; readonly path: string }
  | { readonly mode: "container"; readonly name: string };
