import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { errnoName, isMissing } from "../../system/error.ts";
import { bindMount } from "../mount/bind-mount.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** The paths by which programs open their own standard output and error. */
const NAMES: readonly { readonly fd: number; readonly path: string }[] = [
  { fd: 1, path: "/dev/stdout" },
  { fd: 2, path: "/dev/stderr" },
];

/** The capacity of Linux's largest pipe, unless root has made larger ones: bytes. */
const LARGEST_PIPE = 1024 * 1024;

/** `SocketMode=` of units/berth-log@.socket. */
const PIPE_MODE = 0o622;

/** The pipe of a service: `ListenFIFO=` of units/berth-log@.socket. */
function outputPipe(scope: Scope, unit: string): string {
  return join(scope.runtimeDir, "log", unit.replace(/\.service$/, ""));
}

/**
 * Mounts that let a service's payload open /dev/stdout and /dev/stderr. The journal's streams are sockets, which cannot
 * be opened by path (ENXIO), so the pipe that berth-log@.socket reads is mounted there. No mounts if the descriptor is
 * no socket, if the pipe has no reader, or if the user mounts something (`mounts`) on these paths or on /dev; nor where
 * the OCI runtime makes pipes itself (`pipesOutput`), as some do in the foreground, which a oneshot is in.
 */
export function outputMounts(
  scope: Scope,
  request: RunRequest,
  { mounts, pipesOutput }: { readonly mounts: readonly SpecMount[]; readonly pipesOutput: boolean },
): SpecMount[] {
  if (request.unit === undefined || (!request.detach && pipesOutput)) return [];
  const pipe = outputPipe(scope, request.unit);
  if (!openToAll(pipe)) return [];
  const taken = new Set(mounts.map(({ destination }) => destination));
  if (taken.has("/dev")) return [];
  return NAMES.filter(({ fd, path }) => !taken.has(path) && isSocket(fd)).map(({ path }) => bindMount(pipe, path, []));
}

/** Lets any user of the container write to the pipe; false if there is no pipe, or none with a reader. */
function openToAll(pipe: string): boolean {
  let fd: number;
  try {
    fd = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return false;
    // A pipe without a reader was left by a manager that crashed. Writers would wait for ever, and systemd makes no new
    // one while it is there.
    if (errnoName(error) !== "ENXIO") throw error;
    rmSync(pipe, { force: true });
    return false;
  }
  try {
    // A user's manager has a umask, which SocketMode= does not overcome.
    if ((fstatSync(fd).mode & 0o777) !== PIPE_MODE) fchmodSync(fd, PIPE_MODE);
    return true;
  } finally {
    closeSync(fd);
  }
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    // Closed.
    return false;
  }
}

/**
 * The unread output in the pipe of a service whose payload has ended: systemd may not have started the reader yet, and
 * closes the pipe with the service. Empty without output or without a pipe. Does not wait.
 */
export function unreadOutput(scope: Scope, unit: string): string {
  let pipe: number;
  try {
    pipe = openSync(outputPipe(scope, unit), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
  try {
    const buffer = Buffer.alloc(LARGEST_PIPE);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = readAvailable(pipe, buffer, length);
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(pipe);
  }
}

/** The number of bytes read; 0 if there are none now. */
function readAvailable(fd: number, buffer: Buffer, offset: number): number {
  try {
    return readSync(fd, buffer, offset, buffer.length - offset, null);
  } catch (error) {
    if (errnoName(error) === "EAGAIN") return 0;
    throw error;
  }
}
