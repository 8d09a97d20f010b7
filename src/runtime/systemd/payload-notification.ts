/** What a payload's notification may say to systemd, sd_notify(3). */

/** Variables that concern the payload's own service alone. */
const PASSED = new Set([
  "READY",
  "RELOADING",
  "MONOTONIC_USEC",
  "STOPPING",
  "STATUS",
  "ERRNO",
  "BUSERROR",
  "WATCHDOG",
  "WATCHDOG_USEC",
  "EXTEND_TIMEOUT_USEC",
  "FDSTORE",
  "FDSTOREREMOVE",
  "FDNAME",
  "FDPOLL",
  "BARRIER",
]);

const MAIN_PID = "MAINPID=";

/** The most bytes that systemd takes: NOTIFY_BUFFER_MAX, PIPE_BUF of <linux/limits.h>. */
export const NOTIFICATION_MAX = 4096;

/**
 * The lines of a notification that may reach systemd; undefined if none may. `mainPid` gives the PID, on the host, of
 * the process of the container that the payload names, or undefined if it has none of that PID: systemd would take any
 * process of the host from root. NOTIFYACCESS= and what is not known here do not pass.
 */
export function allowedNotification(
  message: Uint8Array,
  mainPid: (named: number) => number | undefined,
): string | undefined {
  // As systemd does with a message that is too long, or has a NUL byte within.
  if (message.length > NOTIFICATION_MAX || message.subarray(0, -1).includes(0)) return undefined;
  const lines = Buffer.from(message).toString("latin1").replace(/\0$/, "").split("\n");
  // Of several systemd takes the first; to look for each of them would cost a payload nothing, and the host much.
  const first = lines.findIndex((line) => line.startsWith(MAIN_PID));
  const allowed = lines.flatMap((line, at) => (at === first ? mainPidLine(line, mainPid) : passedLine(line)));
  return allowed.length === 0 ? undefined : allowed.join("\n");
}

function passedLine(line: string): string[] {
  return PASSED.has(line.slice(0, Math.max(line.indexOf("="), 0))) ? [line] : [];
}

function mainPidLine(line: string, mainPid: (named: number) => number | undefined): string[] {
  const named = /^[1-9][0-9]{0,9}$/.exec(line.slice(MAIN_PID.length))?.[0];
  const pid = named === undefined ? undefined : mainPid(Number(named));
  return pid === undefined ? [] : [`${MAIN_PID}${pid}`];
}
