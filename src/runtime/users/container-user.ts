import { RuntimeError } from "../error.ts";
import type { Owner } from "./owner.ts";

/** A user, with all that the kernel and the payload need of it. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups: the primary one, and memberships in the image's /etc/group. */
  readonly groups: readonly number[];
  readonly home: string;
  /** The same user as this process numbers it; absent if the container has no user namespace of its own. */
  readonly outside?: Owner;
}

/** The owner of the payload's files, as this process numbers it. */
export function ownerOf(user: ContainerUser): Owner {
  return user.outside ?? user;
}

/** The texts of the image's /etc/passwd and /etc/group; "" if it has none. */
export interface UserDatabase {
  readonly passwd: string;
  readonly group: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

const ID = /^[0-9]{1,10}$/;
const MAX_ID = 0xffff_fffe;

/**
 * Resolves `USER[:GROUP]`, names or numbers, in the container's own databases, as podman does. A number needs no entry,
 * and is never a name: an image could otherwise make root of the 1000 that a file asks for (CVE-2016-3697).
 * Without a group, the user has its primary group (0 if unknown) and its memberships; with one, that group alone. An
 * empty text means root, without memberships. Throws "no-such-user".
 */
export function resolveUser(wanted: string, database: UserDatabase): ContainerUser {
  const [userText = "", groupText] = splitOnce(wanted === "" ? "0" : wanted, ":");
  const users = parsePasswd(database.passwd);
  const groups = parseGroup(database.group);
  const numeric = numberOf(userText);
  const entry = users.find(({ name, uid }) => (numeric === undefined ? name === userText : uid === numeric));
  const uid = entry?.uid ?? numeric;
  if (uid === undefined || uid > MAX_ID)
    throw new RuntimeError("no-such-user", `no user ${JSON.stringify(userText)} in the image's /etc/passwd`);
  const home = entry?.home || "/";
  if (groupText !== undefined && groupText !== "") {
    const gid = resolveGroup(groupText, groups);
    return { uid, gid, groups: [gid], home };
  }
  const gid = entry?.gid ?? 0;
  if (wanted === "") return { uid, gid, groups: [], home };
  // The primary group is among the supplementary ones too: a program that sets its gid would otherwise leave a group
  // that files deny something to (CVE-2022-2989).
  const memberships = groups.filter((group) => entry !== undefined && group.members.includes(entry.name));
  return { uid, gid, groups: [...new Set([gid, ...memberships.map((group) => group.gid)])], home };
}

/**
 * The lines to add to /etc/passwd and /etc/group for a user or group requested by number ("" if nothing is missing), as
 * podman writes them: programs that look up their user then find a name, and `home` as its home.
 */
export function missingEntries(wanted: string, database: UserDatabase, home: string): UserDatabase {
  const [user = "", groupText] = splitOnce(wanted, ":");
  const gid = groupText || "0";
  const groups = parseGroup(database.group);
  const number = numberOf(gid);
  const knownGroup = groups.find((group) => (number === undefined ? group.name === gid : group.gid === number));
  const group = ID.test(gid) && wanted !== "" && knownGroup === undefined ? `${gid}:x:${gid}:${user}\n` : "";
  const known = parsePasswd(database.passwd).some((entry) => entry.uid === Number(user));
  if (!ID.test(user) || known) return { passwd: "", group };
  const safeHome = /[:\n]/.test(home) ? "/" : home;
  return { passwd: `${user}:*:${user}:${knownGroup?.gid ?? gid}:container user:${safeHome}:/bin/sh\n`, group };
}

function resolveGroup(text: string, groups: readonly GroupEntry[]): number {
  const gid = numberOf(text) ?? groups.find((group) => group.name === text)?.gid;
  if (gid === undefined || gid > MAX_ID)
    throw new RuntimeError("no-such-user", `no group ${JSON.stringify(text)} in the image's /etc/group`);
  return gid;
}

function numberOf(text: string): number | undefined {
  return ID.test(text) ? Number(text) : undefined;
}

/** Entries of passwd(5). Malformed lines are ignored, as getpwent(3) does. */
function parsePasswd(text: string): PasswdEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    return name !== "" && ID.test(uid) && ID.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
  });
}

/** group(5). */
function parseGroup(text: string): GroupEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , gid = "", members = ""] = line.split(":");
    return name !== "" && ID.test(gid)
      ? [{ name, gid: Number(gid), members: members.split(",").filter((member) => member !== "") }]
      : [];
  });
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
