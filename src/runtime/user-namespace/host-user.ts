import { readFileSync } from "node:fs";
import { RuntimeError } from "../error.ts";

/** A user of the host's. */
export interface HostUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user of this name or uid in /etc/passwd. Throws "user-namespace" if there is none. */
export function hostUser(wanted: string, passwd = readFileSync("/etc/passwd", "utf8")): HostUser {
  for (const line of passwd.split("\n")) {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    if ((name === wanted || uid === wanted) && /^[0-9]+$/.test(uid) && /^[0-9]+$/.test(gid))
      return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new RuntimeError("user-namespace", `no user ${JSON.stringify(wanted)} on this host`);
}
