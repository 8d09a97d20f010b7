import { mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import { type PodRecord, podPaths } from "../../state/pod-record.ts";
import { identify, type ProcessIdentity } from "../../system/process-identity.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { bindMount } from "../mount/bind-mount.ts";
import { leaveHostMounts } from "../mount/rootfs.ts";
import { ociRuntime } from "../oci-runtime/choice.ts";
import { containerCgroup, leaveUnitCgroup, ownCgroup } from "../oci-runtime/container-cgroup.ts";
import { namespacePath } from "../oci-runtime/namespace-path.ts";
import type { OciRuntimeTraits } from "../oci-runtime/oci-runtime.ts";
import { KERNEL_MOUNTS, MASKED_PATHS, READONLY_PATHS } from "../spec/defaults.ts";
import { formatRuntimeSpec, userMappings } from "../spec/oci-config.ts";
import type { RuntimeSpec } from "../spec/runtime-spec.ts";
import { loadSeccomp } from "../spec/seccomp-profile.ts";
import type { OpenNamespace } from "../systemd/pinned-namespaces.ts";
import type { UserNamespace } from "../user-namespace/make-namespace.ts";
import { mountHiddenFolder } from "../user-namespace/rootfs-access.ts";

/** The first process of a pod's shared PID namespace, and that namespace. */
export interface PodInit {
  readonly process: ProcessIdentity;
  readonly namespace: OpenNamespace;
}

/** The program's path in its root file system. */
const PROGRAM = "/catatonit";

/**
 * Starts the first process of a shared PID namespace, which exists as long as this process. It is the distribution's
 * init program, which only reaps orphans, and belongs to the pod's unit: systemd supervises it, and ends it.
 *
 * The pod's containers see it, and one with CAP_SYS_PTRACE could take it over. So it is confined as they are: to the
 * pod's namespaces, without capabilities, and with no file of the host but its own program. Throws "missing-program"
 * and "oci-runtime".
 */
export async function startInit(
  scope: Scope,
  pod: PodRecord,
  namespaces: readonly OpenNamespace[],
  env: Environment,
): Promise<PodInit> {
  const program = findProgram("catatonit");
  const { init: bundle } = podPaths(scope, pod.name);
  const runtime = ociRuntime(scope);
  rmSync(bundle, { recursive: true, force: true });
  mkdirSync(bundle, { mode: 0o700 });
  // A user's pod is in a mount namespace of its own already.
  if (scope.kind === "system") leaveHostMounts();
  const root = mountHiddenFolder();
  writeFileSync(join(root, PROGRAM), "");
  for (const { destination } of MOUNTS) mkdirSync(join(root, destination));
  const cgroup = containerCgroup(pod.unit, pod.id, ownCgroup());
  leaveUnitCgroup(cgroup);
  const spec = initSpec({
    root,
    program,
    namespaces,
    userNamespace: await joinInner(namespaces),
    cgroupsPath: cgroup.cgroupsPath,
    traits: runtime.traits,
  });
  writeFileSync(join(bundle, "config.json"), formatRuntimeSpec(spec), { mode: 0o600 });
  const run = { id: pod.id, bundle, pidFile: join(bundle, "pid"), preserveFds: 0, systemdCgroup: false };
  try {
    const pid = await runtime.create(run, env);
    runtime.start(pod.id, pid);
    const started = identify(pid);
    if (started === undefined) throw new RuntimeError("oci-runtime", `the pod's first process (${program}) has ended`);
    return { process: started, namespace: { kind: "pid", fd: openSync(`/proc/${pid}/ns/pid`, "r") } };
  } finally {
    // From here on it is a plain process of the unit, and the OCI runtime's state of it is not needed.
    runtime.forget(pod.id);
  }
}

/** The least that an OCI runtime accepts. */
const MOUNTS = KERNEL_MOUNTS.filter(({ destination }) => destination === "/proc" || destination === "/dev");

/** The runtime specification's names of the namespaces that are pinned by the kernel's names. */
const JOINED: Readonly<Partial<Record<OpenNamespace["kind"], string>>> = { net: "network", ipc: "ipc", uts: "uts" };

function initSpec(made: {
  readonly root: string;
  readonly program: string;
  readonly namespaces: readonly OpenNamespace[];
  readonly userNamespace: UserNamespace | undefined;
  readonly cgroupsPath: string;
  readonly traits: OciRuntimeTraits;
}): RuntimeSpec {
  const { userNamespace } = made;
  const joined = Object.entries(JOINED).map(([kind, type]) => {
    const found = made.namespaces.find((namespace) => namespace.kind === kind);
    return found === undefined ? { type } : { type, path: namespacePath(found.fd) };
  });
  const none: string[] = [];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: [PROGRAM, "-P"],
      env: [],
      cwd: "/",
      capabilities: { bounding: none, effective: none, permitted: none, inheritable: none, ambient: none },
      rlimits: [],
      noNewPrivileges: true,
    },
    root: { path: made.root, readonly: true },
    mounts: [...MOUNTS, bindMount(made.program, PROGRAM, ["ro"])],
    annotations: {},
    linux: {
      namespaces: [
        { type: "pid" },
        { type: "mount" },
        { type: "cgroup" },
        ...joined,
        ...(userNamespace === undefined ? [] : [{ type: "user", path: userNamespace.path }]),
      ],
      ...userMappings(userNamespace, made.traits),
      cgroupsPath: made.cgroupsPath,
      resources: { devices: [{ allow: false, access: "rwm" }] },
      sysctl: {},
      maskedPaths: [...MASKED_PATHS],
      readonlyPaths: [...READONLY_PATHS],
      ...seccomp(),
    },
  };
}

function seccomp(): Pick<RuntimeSpec["linux"], "seccomp"> {
  const filter = loadSeccomp({ seccomp: undefined }, []);
  return filter === undefined ? {} : { seccomp: filter };
}

/** Joins the containers' user namespace: it has to own the PID namespace, or they could not mount its /proc. */
async function joinInner(namespaces: readonly OpenNamespace[]): Promise<UserNamespace | undefined> {
  const inner = namespaces.find(({ kind }) => kind === "inner");
  if (inner === undefined) return undefined;
  const { joinUserNamespace } = await import("../user-namespace/make-namespace.ts");
  return joinUserNamespace(namespacePath(inner.fd));
}
