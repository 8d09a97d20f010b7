import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Credentials, type Datagram, receiveDatagram, sendMessage, waitReadable } from "../../system/datagram.ts";
import { isErrno } from "../../system/error.ts";
import { allowedNotification, NOTIFICATION_MAX } from "./payload-notification.ts";

/** How long to wait for another notification before ending: milliseconds. */
const IDLE_MS = 300;

/** Notifications that pass at once; after these, one passes every {@link PACE_MS}. The payload waits meanwhile. */
const BURST = 100;
const PACE_MS = 10;

/** "nobody", systemd's and the kernel's overflow user: no user that systemd trusts more than the payload's own. */
const NOBODY = 65534;

export interface NotificationRelay {
  /** The socket that the payload sends to: descriptor. It has SO_PASSCRED. */
  readonly socket: number;
  /** systemd's socket: path. */
  readonly systemd: string;
  /** The PID of the container's first process; undefined when it has ended. */
  readonly payload: () => number | undefined;
  /** The host's PID of a process of the container, as `processOfContainer()` gives it. */
  readonly processOf: (payload: number, named: number) => number | undefined;
  /** Whether a process is one of the container's now, as `isOfContainer()` says it. */
  readonly isOf: (payload: number, pid: number) => boolean;
}

/**
 * Hands on to systemd what a payload says, until it says nothing for a moment. systemd takes each notification as the
 * payload's own: from the process that sent it, or the container's first one if that has ended, but never from root. A
 * flood passes at a bounded pace, so that it harms only its own container. Throws "syscall" if systemd cannot be
 * reached.
 */
export async function handOnNotifications(relay: NotificationRelay): Promise<void> {
  const initial = relay.payload();
  let budget = BURST;
  let refilled = performance.now();
  while (waitReadable(relay.socket, IDLE_MS)) {
    const datagram = receiveDatagram(relay.socket, NOTIFICATION_MAX + 1);
    if (datagram === undefined) continue;
    try {
      if (!handOn(relay, datagram, initial)) continue;
    } finally {
      for (const fd of datagram.fds) closeSync(fd);
    }
    const now = performance.now();
    budget = Math.min(BURST, budget + (now - refilled) / PACE_MS) - 1;
    refilled = now;
    if (budget < 0) await sleep(PACE_MS);
  }
}

/**
 * Returns whether systemd got the message. One whose sender has ended may be of an earlier run of the service: only
 * what arrives while the `initial` payload still runs is surely its own.
 */
function handOn(relay: NotificationRelay, datagram: Datagram, initial: number | undefined): boolean {
  const { payload, sender, fds, truncated } = datagram;
  const first = relay.payload();
  if (truncated || sender === undefined || first === undefined) return false;
  const text = allowedNotification(payload, (named) => relay.processOf(first, named));
  if (text === undefined) return false;
  const message = Buffer.from(text, "latin1");
  // The PID of one that has ended can be a stranger's by now, whose service would be meant.
  const speaker = relay.isOf(first, sender.pid) ? [sender.pid] : [];
  const senders = first === initial ? [...speaker, first] : speaker;
  return senders.some((pid) => send(relay.systemd, message, fds, unprivileged(sender, pid)));
}

function unprivileged({ uid, gid }: Credentials, pid: number): Credentials {
  return { pid, uid: uid === 0 ? NOBODY : uid, gid: gid === 0 ? NOBODY : gid };
}

/** False if the process in whose name the message would be sent has ended. */
function send(systemd: string, message: Buffer, fds: readonly number[], credentials: Credentials): boolean {
  try {
    sendMessage(systemd, message, { fds, credentials });
    return true;
  } catch (error) {
    if (isErrno(error, "ESRCH")) return false;
    throw error;
  }
}
