/**
 * The parts of the OCI runtime specification's config.json that berth writes.
 * https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md
 */
export interface RuntimeSpec {
  ociVersion: string;
  process: SpecProcess;
  root: { path: string; readonly: boolean };
  hostname?: string;
  mounts: SpecMount[];
  hooks?: { poststop: SpecHook[] };
  annotations: Record<string, string>;
  linux: {
    namespaces: { type: string; path?: string }[];
    uidMappings?: SpecIdMapping[];
    gidMappings?: SpecIdMapping[];
    cgroupsPath: string;
    resources: { devices: SpecDeviceRule[] };
    sysctl: Record<string, string>;
    maskedPaths: string[];
    readonlyPaths: string[];
    seccomp?: SpecSeccomp;
    rootfsPropagation?: string;
  };
}

export interface SpecIdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

export interface SpecHook {
  path: string;
  /** argv, the program's name included. */
  args: string[];
  env: string[];
}

export interface SpecProcess {
  terminal: boolean;
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
  args: string[];
  env: string[];
  cwd: string;
  capabilities: Record<"bounding" | "effective" | "permitted" | "inheritable" | "ambient", string[]>;
  rlimits: { type: string; soft: number; hard: number }[];
  noNewPrivileges: boolean;
  oomScoreAdj?: number;
}

export interface SpecMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

export interface SpecDeviceRule {
  allow: boolean;
  type?: string;
  major?: number;
  minor?: number;
  access: string;
}

export interface SpecSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures: readonly string[];
  syscalls: readonly {
    names: readonly string[];
    action: string;
    errnoRet?: number;
    args?: readonly unknown[];
  }[];
}
