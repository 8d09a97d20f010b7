import { mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import { defaultRuntime } from "../../state/default-runtime.ts";
import type { NamespaceKind } from "../../state/namespace-pins.ts";
import { type PodRecord, podPaths } from "../../state/pod-record.ts";
import { identify, type ProcessIdentity } from "../../system/process-identity.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { leaveHostMounts } from "../mount/rootfs.ts";
import { ociRuntime } from "../oci-runtime/choice.ts";
import { containerCgroup, leaveUnitCgroup, ownCgroup } from "../oci-runtime/container-cgroup.ts";
import { formatRuntimeSpec } from "../spec/oci-config.ts";
import { loadSeccomp } from "../spec/seccomp-profile.ts";
import type { OpenNamespace } from "../systemd/pinned-namespaces.ts";
import type { UserNamespace } from "../user-namespace/make-namespace.ts";
import { mountHiddenFolder } from "../user-namespace/rootfs-access.ts";
import { INIT_MOUNTS, INIT_PROGRAM, initSpec } from "./init-spec.ts";
import { pathOfNamespace } from "./pod-namespaces.ts";

/** The first process of a pod's shared PID namespace, and that namespace. */
export interface PodInit {
  readonly process: ProcessIdentity;
  readonly namespace: OpenNamespace;
}

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
  const runtime = ociRuntime(scope, await defaultRuntime(scope));
  rmSync(bundle, { recursive: true, force: true });
  mkdirSync(bundle, { mode: 0o700 });
  // A user's pod is in a mount namespace of its own already.
  if (scope.kind === "system") leaveHostMounts();
  const root = mountHiddenFolder();
  writeFileSync(join(root, INIT_PROGRAM), "");
  for (const { destination } of INIT_MOUNTS) mkdirSync(join(root, destination));
  const cgroup = containerCgroup(pod.unit, pod.id, ownCgroup(), scope);
  leaveUnitCgroup(cgroup);
  const path = (kind: NamespaceKind) => pathOfNamespace(namespaces, kind);
  const spec = initSpec({
    root,
    program,
    paths: { network: path("net"), ipc: path("ipc"), uts: path("uts") },
    userNamespace: await joinInner(namespaces),
    cgroupsPath: cgroup.cgroupsPath,
    traits: runtime.traits,
    seccomp: loadSeccomp({ seccomp: undefined }, []),
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

/** Joins the containers' user namespace: it has to own the PID namespace, or they could not mount its /proc. */
async function joinInner(namespaces: readonly OpenNamespace[]): Promise<UserNamespace | undefined> {
  const path = pathOfNamespace(namespaces, "inner");
  if (path === undefined) return undefined;
  const { joinUserNamespace } = await import("../user-namespace/make-namespace.ts");
  return joinUserNamespace(path);
}
