import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { isErrno } from "../../../system/error.ts";
import { listIfThere, replaceFile } from "../../../system/files.ts";
import { type ConnectionRecord, listConnections, readConnection, writeConnection } from "./connection-record.ts";
import { netavarkDir } from "./netavark.ts";
import { takeNetavarkLock } from "./netavark-lock.ts";
import type { NetavarkRequest } from "./netavark-request.ts";

/*
 * Names of containers that share the network of another owner, a pod. netavark tells the name server of the owner
 * alone, so their lines are added to the name server's files here: one file a network, its first line the server's
 * addresses, then `ID IPV4 IPV6 NAME,NAME…` for each container (aardvark-dns, src/config). SIGHUP has it read them
 * again.
 */

/**
 * Has a member found by these names in the owner's networks that have DNS. Nothing happens where the owner has none.
 */
export function addMemberNames(scope: Scope, owner: string, member: string, names: readonly string[]): void {
  changeMembers(scope, owner, (members) => ({ ...members, [member]: names }));
}

/** Takes a member's names back, whoever's network it was in. */
export function removeMemberNames(scope: Scope, member: string): void {
  for (const { owner, members } of listConnections(scope)) {
    if (members?.[member] !== undefined)
      changeMembers(scope, owner, (all) => Object.fromEntries(Object.entries(all).filter(([id]) => id !== member)));
  }
}

/** Takes the names of all members of an owner back: a network with names in it is never empty for the name server. */
export function removeAllMemberNames(scope: Scope, owner: string): void {
  if (readConnection(scope, owner)?.members !== undefined) changeMembers(scope, owner, () => ({}));
}

type Members = NonNullable<ConnectionRecord["members"]>;

function changeMembers(scope: Scope, owner: string, change: (members: Members) => Members): void {
  const lock = takeNetavarkLock(scope);
  try {
    const record = readConnection(scope, owner);
    if (record?.request === undefined) return;
    const members = change(record.members ?? {});
    const gone = Object.keys(record.members ?? {}).filter((id) => members[id] === undefined);
    // Noted before it is done, so that a killed process leaves nothing unknown.
    writeConnection(scope, { ...record, members: { ...record.members, ...members } });
    const files = serverFiles(scope, record.request);
    for (const { file, network } of files) {
      const lines = memberLines(record.request, network, members);
      rewrite(scope, file, [...Object.keys(members), ...gone], lines);
    }
    if (files.length > 0) wakeNameServer(scope);
    writeConnection(scope, { ...record, members });
  } finally {
    lock.close();
  }
}

/** The name server's files of the owner's networks; that of an internal one has a mark behind its name. */
function serverFiles(scope: Scope, request: NetavarkRequest): { file: string; network: string }[] {
  const directory = serverDir(scope);
  return listIfThere(directory).flatMap((name) => {
    const network = name.replace(/%int$/, "");
    return request.networks[network] === undefined ? [] : [{ file: join(directory, name), network }];
  });
}

function memberLines(request: NetavarkRequest, network: string, members: Members): string[] {
  const addresses = request.networks[network]?.static_ips ?? [];
  const ipv4 = addresses.filter((address) => !address.includes(":")).join(",");
  const ipv6 = addresses.filter((address) => address.includes(":")).join(",");
  const servers = request.dns_servers === undefined ? "" : ` ${request.dns_servers.join(",")}`;
  return Object.entries(members).map(([id, names]) => `${id} ${ipv4} ${ipv6} ${names.join(",")}${servers}`);
}

function rewrite(scope: Scope, file: string, ids: readonly string[], lines: readonly string[]): void {
  const kept = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !ids.some((id) => line.startsWith(`${id} `)));
  // Every file of the name server's folder is a network to it, so the new one is made elsewhere.
  const temporary = join(netavarkDir(scope), `names.${process.pid}.new`);
  replaceFile(file, [...kept, ...lines].map((line) => `${line}\n`).join(""), { temporary });
}

function wakeNameServer(scope: Scope): void {
  try {
    const pid = Number(readFileSync(join(serverDir(scope), "aardvark.pid"), "utf8"));
    const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    // The number may have come to be another process's.
    if (name === "aardvark-dns") process.kill(pid, "SIGHUP");
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ESRCH")) throw error;
  }
}

const serverDir = (scope: Scope) => join(netavarkDir(scope), "aardvark-dns");
