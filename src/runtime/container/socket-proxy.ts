import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { payloadPid } from "../../state/liveness.ts";
import { execve } from "../../system/exec.ts";
import { CLONE_NEWNET, setns } from "../../system/namespaces.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { inheritedSockets, keepInheritedSockets } from "../systemd/inherited-sockets.ts";
import { createNotifier } from "../systemd/notify.ts";
import { listeningAddress } from "./listening-address.ts";

/** How often to look whether the payload listens: milliseconds. */
const POLL_MS = 20;

/**
 * Waits until the payload listens on TCP `port`, enters its network namespace, and becomes systemd-socket-proxyd, which
 * forwards the connections of the sockets that systemd passed on; until then they wait in the sockets' queues. There is
 * no connection to a payload that does not listen yet. Throws "no-such-container" if the payload ends first. The unit's
 * start time-out limits the wait.
 */
export async function becomeSocketProxy(
  scope: Scope,
  record: ContainerRecord,
  port: number,
  exitIdleTime: string | undefined,
  env: Environment,
): Promise<never> {
  const host = await waitForListener(scope, record, port);
  const pid = payloadPid(scope, record);
  if (pid === undefined) throw gone(record);
  // systemd-socket-proxyd (252) does not notify systemd itself. From here on there is nothing to wait for.
  createNotifier(env.NOTIFY_SOCKET).ready();
  keepInheritedSockets(inheritedSockets(env));
  // The port begins at the last colon: systemd-socket-proxyd does not take the brackets of an IPv6 address.
  const idle = exitIdleTime === undefined ? [] : [`--exit-idle-time=${exitIdleTime}`];
  const proxy = [findProgram("systemd-socket-proxyd"), ...idle, `${host}:${port}`] as const;
  const [program, ...args] = record.network.mode === "host" ? proxy : enterNetwork(scope, pid, proxy);
  execve(program, [program, ...args], env);
}

/**
 * Enters the network namespace of a process, or returns the command line that does so first: a user's container has one
 * that belongs to its user namespace, which a process with several threads (Bun) cannot enter. The PID stays either
 * way.
 */
function enterNetwork(
  scope: Scope,
  pid: number,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  if (scope.kind === "user") {
    return [
      findProgram("nsenter"),
      "--user",
      "--preserve-credentials",
      "--net",
      "--target",
      `${pid}`,
      "--",
      ...command,
    ];
  }
  const namespace = openSync(`/proc/${pid}/ns/net`, "r");
  setns(namespace, CLONE_NEWNET);
  closeSync(namespace);
  return command;
}

/** The address that reaches the payload's listener on `port`. */
async function waitForListener(scope: Scope, record: ContainerRecord, port: number): Promise<string> {
  for (;;) {
    const pid = payloadPid(scope, record);
    if (pid === undefined) throw gone(record);
    const found = listener(pid, port);
    if (found !== undefined) return found;
    await sleep(POLL_MS);
  }
}

/** Reads the socket tables of a process's network namespace, proc_pid_net(5), without sending anything there. */
function listener(pid: number, port: number): string | undefined {
  return listeningAddress(
    { tcp: readTable(pid, "tcp"), tcp6: readTable(pid, "tcp6"), addresses6: readTable(pid, "if_inet6") },
    port,
  );
}

function readTable(pid: number, table: string): string {
  try {
    return readFileSync(`/proc/${pid}/net/${table}`, "utf8");
  } catch {
    return "";
  }
}

function gone(record: ContainerRecord): RuntimeError {
  return new RuntimeError("no-such-container", `container ${record.name} ended before it listened`);
}
