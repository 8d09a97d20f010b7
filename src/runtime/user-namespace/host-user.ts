import { readFileSync, readlinkSync } from "node:fs";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";

/** A user of the host. */
export interface HostUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Whether systemd has made the user for a service (`DynamicUser=`): it has no subordinate ids then. */
  readonly dynamic: boolean;
}

/**
 * The folder in which systemd records the dynamic users of running services: links from names to uids
 * (src/core/dynamic-user.c).
 */
const DYNAMIC_USERS = "/run/systemd/dynamic-uid";

/** The user of this name or uid. Throws "user-namespace" if there is none. */
export function hostUser(wanted: string): HostUser {
  const user =
    findUser(readFileSync("/etc/passwd", "utf8"), wanted) ??
    dynamicUser(wanted) ??
    // A user of a directory service (LDAP, systemd-homed).
    findUser(lookUp(wanted), wanted);
  if (user === undefined) throw new RuntimeError("user-namespace", `no user ${JSON.stringify(wanted)} on this host`);
  return user;
}

/** A line of passwd(5) for a name or uid. */
export function findUser(passwd: string, wanted: string): HostUser | undefined {
  for (const line of passwd.split("\n")) {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    if ((name === wanted || uid === wanted) && /^[0-9]+$/.test(uid) && /^[0-9]+$/.test(gid))
      return { name, uid: Number(uid), gid: Number(gid), dynamic: false };
  }
  return undefined;
}

/** A dynamic user's group has the same number as the user. */
function dynamicUser(name: string): HostUser | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return undefined;
  try {
    const uid = Number(readlinkSync(`${DYNAMIC_USERS}/direct:${name}`));
    return Number.isInteger(uid) && uid > 0 ? { name, uid, gid: uid, dynamic: true } : undefined;
  } catch {
    return undefined;
  }
}

function lookUp(wanted: string): string {
  if (wanted === "" || wanted.startsWith("-")) return "";
  return runProgram("getent", ["passwd", wanted], { stdout: "pipe", stderr: "ignore" }).stdout;
}
