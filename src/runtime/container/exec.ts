import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { runningPayloadPid } from "../../state/liveness.ts";
import { containerPaths } from "../../state/paths.ts";
import { ociRuntime } from "../oci-runtime/choice.ts";
import { formatRuntimeSpec } from "../spec/oci-config.ts";
import { renewRootfsAccess } from "../user-namespace/rootfs-access.ts";
import { resolveUser } from "../users/container-user.ts";
import { checkUserDatabase, readUserDatabase } from "../users/user-database.ts";
import { checkExecutable } from "./program/executable.ts";
import { readSpec, type WrittenProcess } from "./read-spec.ts";

/** A request of `berth exec`. Undefined members are taken from the container's first process. */
export interface ExecRequest {
  readonly args: readonly string[];
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
  readonly user: string | undefined;
  readonly workdir: string | undefined;
  readonly tty: boolean;
}

/**
 * Runs a command in a running container. This process becomes the OCI runtime, so the command descends from the caller,
 * with its audit login uid, and the caller gets the command's exit code. Throws "no-such-container", "no-such-user",
 * "command-not-found" or "command-not-executable".
 */
export function execInContainer(scope: Scope, record: ContainerRecord, request: ExecRequest, env: Environment): never {
  const pid = runningPayloadPid(scope, record);
  const root = `/proc/${pid}/root`;
  checkUserDatabase(root, {});
  const spec = readSpec(scope, record.id);
  const process = toExecProcess(spec.process, request, root);
  // The OCI runtime would end with 255. The root is seen with its mounts here, so all of it can be checked.
  checkExecutable({ process, root: { path: root }, mounts: [] }, { running: true });
  if (scope.kind === "user") renewRootfsAccess(spec.root.path);
  const fd = unlinkedFile(containerPaths(scope, record.id).bundle, formatRuntimeSpec(process));
  return ociRuntime(scope, record.runtime).becomeExec(record.id, fd, env);
}

/**
 * The new process, modelled on the first one: without the variables that are for that process alone, and with the
 * rights of the requested user.
 */
function toExecProcess(first: WrittenProcess, request: ExecRequest, root: string): WrittenProcess {
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

/** An open file without a name that holds `text`: no other process can open it, and the kernel frees it when closed. */
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
