import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { Environment } from "../../environment.ts";
import { fields, list, number, oneOf } from "../../json-fields.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { runningPayloadPid } from "../../state/liveness.ts";
import { execve, keepOverExec } from "../../system/exec.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { inheritedSockets, keepInheritedSockets } from "../systemd/inherited-sockets.ts";
import type { OpenNamespace } from "../systemd/pinned-namespaces.ts";
import { openOutermostNamespace } from "./outermost-namespace.ts";
import { readSubordinateIds } from "./subordinate-ids.ts";

/**
 * The user's uid outside, which berth sets for itself when it re-executes in a user namespace. It is valid only with a
 * matching /proc/self/uid_map, so setting it by hand has no effect.
 */
const MARK = "BERTH_USER_NAMESPACE";
/** Set with it: the open namespace files, as JSON. */
const BROUGHT = "BERTH_NAMESPACES";

/** A berth process, with all that is needed to execute it again. */
export interface BerthProcess {
  readonly scope: Scope;
  readonly env: Environment;
  /** Its whole command line, beginning with the absolute path of berth. */
  readonly command: readonly string[];
}

/** The uid of the user whose namespace this process is root of, or undefined outside of one that berth made. */
export function userNamespaceOwner(env: Environment): number | undefined {
  const mark = env[MARK];
  if (mark === undefined || process.getuid?.() !== 0) return undefined;
  const [inside, outside, count] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/);
  return inside === "0" && count === "1" && outside === mark ? Number(mark) : undefined;
}

/**
 * In a user's scope: makes this process root of a user namespace with the user's ranges of /etc/subuid and /etc/subgid
 * (by newuidmap and newgidmap), in a mount namespace of its own, by executing berth again inside; the PID stays.
 * Returns in the system's scope, and inside such a namespace.
 */
export function enterUserNamespace(self: BerthProcess): void {
  const { scope, env, command } = self;
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  const unshare = findProgram("unshare");
  // unshare(1) would end with a status of its own, 127 as of a command that the container lacks.
  for (const helper of ["newuidmap", "newgidmap"] as const) findProgram(helper);
  keepInheritedSockets(inheritedSockets(env));
  execve(
    unshare,
    [
      ...["unshare", "--user", "--map-root-user", ...mapSubordinateIds(scope)],
      ...["--mount", "--propagation", "slave", "--", ...command],
    ],
    markedEnvironment(scope, env),
  );
}

/**
 * unshare(1)'s options that map the user's subordinate ids, from 1 on. --map-auto leaves the last id out, but the other
 * options take only one range (util-linux 2.38).
 */
function mapSubordinateIds({ uid }: Scope): string[] {
  const { username } = userInfo();
  const [users, ...moreUsers] = readSubordinateIds("uid", username, uid);
  const [groups, ...moreGroups] = readSubordinateIds("gid", username, uid);
  if (users === undefined || groups === undefined || moreUsers.length > 0 || moreGroups.length > 0)
    return ["--map-auto"];
  return [`--map-users=${users.start},1,${users.size}`, `--map-groups=${groups.start},1,${groups.size}`];
}

/**
 * In a user's scope: joins the user namespace among `namespaces`, with a mount namespace of its own, by executing berth
 * again inside. All namespaces stay open there (broughtNamespaces()), because the manager's descriptors cannot be
 * opened from inside.
 */
export function enterOpenNamespace(self: BerthProcess, namespaces: readonly OpenNamespace[]): void {
  const { scope, env, command } = self;
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  const user = namespaces.find(({ kind }) => kind === "user");
  if (user === undefined) throw new RuntimeError("user-namespace", "no user namespace to enter is given");
  for (const { fd } of namespaces) keepOverExec(fd);
  keepInheritedSockets(inheritedSockets(env));
  const nsenter = findProgram("nsenter");
  execve(
    nsenter,
    [
      ...["nsenter", `--user=/proc/self/fd/${user.fd}`, "--preserve-credentials", "--"],
      ...[findProgram("unshare"), "--mount", "--propagation", "slave", "--", ...command],
    ],
    { ...markedEnvironment(scope, env), [BROUGHT]: JSON.stringify(namespaces) },
  );
}

const openNamespaces = list(
  fields<OpenNamespace>({ kind: oneOf("user", "inner", "net", "ipc", "uts", "mnt", "pid"), fd: number }),
);

/** The namespaces that enterOpenNamespace() kept open for the process that it became; undefined in others. */
export function broughtNamespaces(scope: Scope, env: Environment): readonly OpenNamespace[] | undefined {
  const text = env[BROUGHT];
  if (scope.kind === "system" || text === undefined) return undefined;
  return openNamespaces(JSON.parse(text), BROUGHT, (why) => {
    throw new RuntimeError("user-namespace", why);
  });
}

/**
 * In a user's scope: joins the user namespace in which a running container was started, and a cgroup below the user's
 * own manager, by executing berth again inside. Only the owner may enter the namespace. The cgroup of a login session
 * belongs to root, so no process can be moved out of it.
 */
export function enterContainerNamespace(self: BerthProcess, record: ContainerRecord): void {
  const { scope, env, command } = self;
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  const pid = runningPayloadPid(scope, record);
  const systemdRun = findProgram("systemd-run");
  const namespace = openOutermostNamespace(pid);
  keepOverExec(namespace);
  execve(
    systemdRun,
    [
      ...["systemd-run", "--user", "--scope", "--quiet", "--collect", "--"],
      ...[findProgram("nsenter"), `--user=/proc/self/fd/${namespace}`, "--preserve-credentials", "--"],
      ...[findProgram("unshare"), "--mount", "--propagation", "slave", "--"],
      ...command,
    ],
    markedEnvironment(scope, env),
  );
}

function markedEnvironment(scope: Scope, env: Environment): Environment {
  return { ...env, [MARK]: `${scope.uid}` };
}

/** The variables by which berth recognizes this user namespace when it is executed in it again; none for the system. */
export function namespaceEnvironment(scope: Scope, env: Environment): Record<string, string> {
  if (scope.kind === "system") return {};
  const names = ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"];
  const kept = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...Object.fromEntries(kept), [MARK]: `${scope.uid}` };
}
