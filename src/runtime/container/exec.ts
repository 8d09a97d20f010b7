import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { runningPayloadPid } from "../../state/liveness.ts";
import { containerPaths } from "../../state/paths.ts";
import { ociRuntime } from "../oci-runtime/choice.ts";
import type { SpecProcess } from "../spec/runtime-spec.ts";
import { renewRootfsAccess } from "../user-namespace/rootfs-access.ts";
import { resolveUser } from "../users/container-user.ts";
import { readUserDatabase } from "../users/user-database.ts";
import { checkExecutable } from "./executable.ts";
import { readSpec } from "./read-spec.ts";

/** What `berth exec` is asked for; what is undefined stays as the container's first process has it. */
export interface ExecRequest {
  readonly args: readonly string[];
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
  readonly user: string | undefined;
  readonly workdir: string | undefined;
  readonly tty: boolean;
}

/**
 * Runs a command in a running container: this process becomes the OCI runtime's, so the command is a child of the caller's
 * (with the caller's audit login uid), and its exit code is what the caller sees. Throws "no-such-container",
 * "no-such-user", "command-not-found" or "command-not-executable".
 */
export function execInContainer(scope: Scope, record: ContainerRecord, request: ExecRequest, env: Environment): never {
  const pid = runningPayloadPid(scope, record);
  const root = `/proc/${pid}/root`;
  const spec = readSpec(scope, record.id);
  const process = toExecProcess(spec.process, request, root);
  // The OCI runtime would end with 255. Seen from here the root has its mounts, so there is nothing that cannot be judged.
  checkExecutable({ ...spec, process, root: { ...spec.root, path: root }, mounts: [] });
  if (scope.kind === "user") renewRootfsAccess(spec.root.path);
  const fd = unlinkedFile(containerPaths(scope, record.id).bundle, JSON.stringify(process));
  return ociRuntime(scope).becomeExec(record.id, fd, env);
}

/**
 * The new process, after the first one's: its environment without what belongs to that one alone, another user's
 * rights.
 */
function toExecProcess(first: SpecProcess, request: ExecRequest, root: string): SpecProcess {
  const own = /^(LISTEN_(FDS|PID|FDNAMES)|NOTIFY_SOCKET|WATCHDOG_(USEC|PID))=/;
  const set = new Map<string, string>();
  if (request.tty) set.set("TERM", "xterm");
  for (const text of [...first.env.filter((assignment) => !own.test(assignment)), ...request.env]) {
    const equals = text.indexOf("=");
    set.set(text.slice(0, equals), text.slice(equals + 1));
  }
  const base = { ...first, terminal: request.tty, args: [...request.args], cwd: request.workdir ?? first.cwd };
  if (request.user === undefined) return { ...base, env: format(set) };
  const user = resolveUser(request.user, readUserDatabase(root));
  set.set("HOME", user.home);
  const effective = user.uid === 0 ? first.capabilities.bounding : [];
  return {
    ...base,
    env: format(set),
    user: {
      uid: user.uid,
      gid: user.gid,
      umask: 0o022,
      ...(user.groups.length === 0 ? {} : { additionalGids: [...user.groups] }),
    },
    capabilities: {
      bounding: first.capabilities.bounding,
      effective,
      permitted: effective,
      inheritable: [],
      ambient: [],
    },
  };
}

function format(env: ReadonlyMap<string, string>): string[] {
  return [...env].map(([name, value]) => `${name}=${value}`);
}

/** A file without a name that holds `text`: nobody else can find it, and it goes with its last descriptor. */
function unlinkedFile(directory: string, text: string): number {
  const temporary = mkdtempSync(join(directory, "exec-"));
  try {
    const path = join(temporary, "process.json");
    writeFileSync(path, text, { mode: 0o600 });
    return openSync(path, "r");
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
