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
 * Set by berth for itself when it re-executes in a user namespace: the uid of the user outside. It counts only together
 * with a matching /proc/self/uid_map, so that setting it by hand changes nothing.
 */
const MARK = "BERTH_USER_NAMESPACE";
/** Set with it: which namespace files are open, as JSON. */
const BROUGHT = "BERTH_NAMESPACES";

/** A process of berth's, with all that it takes to execute it again. */
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
 * Returns in the system's scope, and where it has been done.
 */
export function enterUserNamespace(self: BerthProcess): void {
  const { scope, env, command } = self;
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  const unshare = findProgram("unshare");
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
 * unshare(1)'s words for the user's subordinate ids, from 1 on. --map-auto leaves the last one out, but other words
 * take one range alone (util-linux 2.38).
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
 * In a user's scope: joins a user namespace that is given among `namespaces`, with a mount namespace of its own, by
 * executing berth again inside. All of them stay open there, for from inside the manager's descriptors are not to be
 * seen: broughtNamespaces() tells which.
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

/** The namespaces that enterOpenNamespace() was given, in the process that it has become. */
export function broughtNamespaces(scope: Scope, env: Environment): readonly OpenNamespace[] | undefined {
  const text = env[BROUGHT];
  if (scope.kind === "system" || text === undefined) return undefined;
  return openNamespaces(JSON.parse(text), BROUGHT, (why) => {
    throw new RuntimeError("user-namespace", why);
  });
}

/**
 * In a user's scope: joins the user namespace that a running container was started in, which only its owner may, and a
 * cgroup below the user's own manager (a login session's is root's, and nothing can be moved out of it), by executing
 * berth again inside.
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

/** What berth needs in its environment to know itself in this user namespace again; nothing in the system's scope. */
export function namespaceEnvironment(scope: Scope, env: Environment): Record<string, string> {
  if (scope.kind === "system") return {};
  const names = ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"];
  const kept = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...Object.fromEntries(kept), [MARK]: `${scope.uid}` };
}
