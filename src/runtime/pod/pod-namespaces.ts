import { openSync } from "node:fs";
import type { NamespaceKind } from "../../state/namespace-pins.ts";
import { makeMemoryNamespace } from "../../system/mount-tree.ts";
import { setHostname } from "../../system/namespaces.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { namespacePath } from "../oci-runtime/namespace-path.ts";
import type { OpenNamespace } from "../systemd/pinned-namespaces.ts";
import type { Owner } from "../users/owner.ts";

/** The namespaces that the containers of a pod are to share. */
export interface PodNamespaceRequest {
  /** A network namespace of the pod; without it, its containers are in the host's. */
  readonly net: boolean;
  readonly ipc: boolean;
  readonly uts: boolean;
  /** Also the user namespace that this process is in, which owns the others. */
  readonly user: boolean;
  /** A user namespace below it that owns them instead, and the ids of its root user outside. */
  readonly inner: { readonly fd: number; readonly path: string; readonly root: Owner } | undefined;
  readonly hostname: string;
  /** Bytes; 0 is unlimited. */
  readonly shmSize: number;
}

/** Kinds that are made by a child process. */
type ChildsKind = "net" | "ipc" | "uts";

/**
 * Creates the namespaces of a pod, empty, and leaves this process outside of them; in a user's scope it may keep the
 * pod's host name. An IPC namespace comes with a mount namespace that holds one tmpfs, the pod's /dev/shm. `scratch` is
 * a directory of the pod's own.
 */
export async function makePodNamespaces(shared: PodNamespaceRequest, scratch: string): Promise<OpenNamespace[]> {
  const made: OpenNamespace[] = [];
  if (shared.user) made.push({ kind: "user", fd: openSync("/proc/thread-self/ns/user", "r") });
  const { inner } = shared;
  if (inner !== undefined) made.push({ kind: "inner", fd: inner.fd });
  const kinds = (["net", "ipc", "uts"] as const).filter((kind) => shared[kind]);
  if (kinds.length > 0) made.push(...(await makeByChild(kinds, shared)));
  for (const { kind, fd } of made) if (kind === "uts") setHostname(fd, shared.hostname);
  if (shared.ipc) made.push({ kind: "mnt", fd: makeMemoryNamespace(scratch, shmOptions(shared)) });
  return made;
}

/**
 * The path by which other programs reach one of a pod's open namespaces; undefined if the pod has none of that kind.
 */
export function pathOfNamespace(namespaces: readonly OpenNamespace[], kind: NamespaceKind): string | undefined {
  const found = namespaces.find((namespace) => namespace.kind === kind);
  return found === undefined ? undefined : namespacePath(found.fd);
}

/** The tmpfs options of the pod's /dev/shm, tmpfs(5). */
export function shmOptions({ shmSize, inner }: Pick<PodNamespaceRequest, "shmSize" | "inner">): string {
  const owner = inner === undefined ? "" : `,uid=${inner.root.uid},gid=${inner.root.gid}`;
  return `mode=1777,size=${shmSize}${owner}`;
}

/**
 * Creates namespaces by a child process: root of a user namespace can leave the host's network namespace but not return
 * to it, and this process still needs it (pasta).
 */
async function makeByChild(kinds: readonly ChildsKind[], { inner }: PodNamespaceRequest): Promise<OpenNamespace[]> {
  const loopback = kinds.includes("net") ? [`${findProgram("ip")} link set lo up`] : [];
  // After the set-up it writes a line, and waits until its input closes: from then on only descriptors hold the
  // namespaces.
  const script = [...loopback, "echo", "read -r _"].join(" && ");
  const enter = inner === undefined ? [] : [findProgram("nsenter"), `--user=${inner.path}`, "--"];
  const child = Bun.spawn(
    [...enter, findProgram("unshare"), ...kinds.map((kind) => `--${kind}`), "--", "/bin/sh", "-c", script],
    { stdin: "pipe", stdout: "pipe", stderr: "pipe", env: {} },
  );
  try {
    const { done } = await child.stdout.getReader().read();
    if (done) {
      const message = (await new Response(child.stderr).text()).trim();
      throw new RuntimeError("namespace", `make the pod's namespaces: ${message}`);
    }
    return kinds.map((kind) => ({ kind, fd: openSync(`/proc/${child.pid}/ns/${kind}`, "r") }));
  } finally {
    await child.stdin.end();
    await child.exited;
  }
}
