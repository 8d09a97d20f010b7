import { bindMount } from "../mount/bind-mount.ts";
import { KERNEL_MOUNTS, MASKED_PATHS, READONLY_PATHS } from "../spec/defaults.ts";
import { type MapTraits, userMappings } from "../spec/oci-config.ts";
import type { RuntimeSpec } from "../spec/runtime-spec.ts";
import type { UserNamespace } from "../user-namespace/make-namespace.ts";

/** The program's path in its root file system. */
export const INIT_PROGRAM = "/catatonit";

/** The least that an OCI runtime accepts. */
export const INIT_MOUNTS = KERNEL_MOUNTS.filter(({ destination }) => destination === "/proc" || destination === "/dev");

/** Where and how the first process of a pod's shared PID namespace runs. */
export interface InitSpecInput {
  /** An empty folder, but for the mount points. */
  readonly root: string;
  /** The program on the host. */
  readonly program: string;
  /** The pod's namespaces, by the runtime specification's names; a new one for each that is undefined. */
  readonly paths: Readonly<Record<"network" | "ipc" | "uts", string | undefined>>;
  readonly userNamespace: UserNamespace | undefined;
  readonly cgroupsPath: string;
  readonly traits: MapTraits;
  readonly seccomp: RuntimeSpec["linux"]["seccomp"] | undefined;
}

/** config.json of that process: without capabilities, devices, or files of the host but its program. Pure. */
export function initSpec(input: InitSpecInput): RuntimeSpec {
  const { userNamespace, seccomp } = input;
  const joined = Object.entries(input.paths).map(([type, path]) => (path === undefined ? { type } : { type, path }));
  const none: string[] = [];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: [INIT_PROGRAM, "-P"],
      env: [],
      cwd: "/",
      capabilities: { bounding: none, effective: none, permitted: none, inheritable: none, ambient: none },
      rlimits: [],
      noNewPrivileges: true,
    },
    root: { path: input.root, readonly: true },
    mounts: [...INIT_MOUNTS, bindMount(input.program, INIT_PROGRAM, ["ro"])],
    annotations: {},
    linux: {
      namespaces: [
        { type: "pid" },
        { type: "mount" },
        { type: "cgroup" },
        ...joined,
        ...(userNamespace === undefined ? [] : [{ type: "user", path: userNamespace.path }]),
      ],
      ...userMappings(userNamespace, input.traits),
      cgroupsPath: input.cgroupsPath,
      resources: { devices: [{ allow: false, access: "rwm" }] },
      sysctl: {},
      maskedPaths: [...MASKED_PATHS],
      readonlyPaths: [...READONLY_PATHS],
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  };
}
