import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { callersDir } from "../../state/paths.ts";
import { isMissing, SystemError } from "../../system/error.ts";
import { replaceFile } from "../../system/files.ts";
import { identify, isAlive } from "../../system/process-identity.ts";
import { readBounded } from "../../system/read-bounded.ts";
import { RuntimeError } from "../error.ts";

const LOGINUID = "/proc/self/loginuid";
/** (uid_t) -1: no login (pam_loginuid(8), <linux/audit.h>). */
const UNSET = 4294967295;

/** The audit login uid of this process, or undefined if it is not set. */
export function currentLoginuid(): number | undefined {
  const value = Number(readFileSync(LOGINUID, "utf8"));
  return value === UNSET ? undefined : value;
}

/**
 * Seals the login uid of this process and of every process it starts from here on: once it is set, the kernel refuses
 * further writes from processes without CAP_AUDIT_CONTROL (proc_loginuid_write). Does nothing if it already has that
 * value. The write must come from the process's main thread, where JavaScript runs. Throws "loginuid".
 */
export function sealLoginuid(uid: number): void {
  if (currentLoginuid() === uid) return;
  try {
    writeFileSync(LOGINUID, `${uid}`);
  } catch (cause) {
    throw new RuntimeError("loginuid", `set the audit login uid to ${uid}`, { cause });
  }
}

/** The uid that `LoginUID=` names, except `caller` (takeCaller()). `passwd` is the host's user database. */
export function resolveLoginuid(value: string, passwd: string): number {
  if (/^[0-9]{1,10}$/.test(value)) {
    const uid = Number(value);
    if (uid < UNSET) return uid;
    throw new RuntimeError("loginuid", `login uid ${value} is out of range`);
  }
  const line = passwd.split("\n").find((entry) => entry.startsWith(`${value}:`));
  const uid = Number(line?.split(":")[2]);
  if (line === undefined || !Number.isInteger(uid))
    throw new RuntimeError("loginuid", `no user ${JSON.stringify(value)} on this host`);
  return uid;
}

/**
 * Notes the caller of a start of `unit` (a valid name): this process, with the login uid `uid`. The note is valid while
 * this process waits for the start. Only root can write to the directory, so no user can pose as another.
 */
export function recordCaller(scope: Scope, unit: string, uid: number): void {
  mkdirSync(callersDir(scope), { recursive: true, mode: 0o700 });
  const { pid, startTime } = identify(process.pid) ?? { pid: 0, startTime: "0" };
  replaceFile(join(callersDir(scope), unit), `${uid} ${pid} ${startTime}`);
}

/** The longest note that is read: bytes. */
const NOTE_MAX = 100;

/**
 * The uid in the note for `unit`; the note, or what is in its place, is removed. Undefined without a call of `berth
 * start`, for a damaged note, or if the caller did not wait: its note could belong to another start than this one.
 */
export function takeCaller(scope: Scope, unit: string): number | undefined {
  const path = join(callersDir(scope), unit);
  try {
    const text = noteText(path);
    rmSync(path, { recursive: true });
    const [, uid, pid, startTime = ""] = /^(\d+) (\d+) (\d+)$/.exec(text) ?? [];
    return uid !== undefined && isAlive({ pid: Number(pid), startTime }) ? Number(uid) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function noteText(path: string): string {
  try {
    return readBounded(path, NOTE_MAX)?.toString() ?? "";
  } catch (error) {
    if (error instanceof SystemError) return "";
    throw error;
  }
}
