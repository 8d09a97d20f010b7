import { readFileSync } from "node:fs";
import { join } from "node:path";
import { familyOf } from "../../../ip-address.ts";
import type { Scope } from "../../../scope.ts";
import { survey } from "../../../state/record-format.ts";
import { listIfThere } from "../../../system/files.ts";
import { type ConnectionRecord, readConnection, writeConnection } from "./connection-record.ts";
import { dnsServerDir, replaceNames, signalDnsServer, withLines } from "./dns-server.ts";
import { takeNetavarkLock } from "./netavark-lock.ts";
import type { NetavarkRequest } from "./netavark-request.ts";

/*
 * DNS names of containers that share the network of another owner, a pod. netavark registers the owner alone, so the
 * lines of the pod's members are added to the DNS server's files here (see dns-server.ts).
 */

/** The names of members by their IDs. */
export type MemberNames = NonNullable<ConnectionRecord["members"]>;

/** Registers a member's names in the owner's networks that have DNS. Does nothing where the owner has none. */
export function addMemberNames(scope: Scope, owner: string, member: string, names: readonly string[]): void {
  changeMembers(scope, owner, (members) => ({ ...members, [member]: names }));
}

/** Removes a member's names from the owner's networks. Does nothing where the owner's record cannot be read. */
export function removeMemberNames(scope: Scope, owner: string, member: string): void {
  const [record] = survey([owner], () => readConnection(scope, owner)).records;
  if (record?.members?.[member] === undefined) return;
  changeMembers(scope, owner, (all) => Object.fromEntries(Object.entries(all).filter(([id]) => id !== member)));
}

/** Removes the names of all members of an owner: the DNS server keeps a network that has names in it. */
export function removeAllMemberNames(scope: Scope, owner: string): void {
  if (readConnection(scope, owner)?.members !== undefined) changeMembers(scope, owner, () => ({}));
}

function changeMembers(scope: Scope, owner: string, change: (members: MemberNames) => MemberNames): void {
  const lock = takeNetavarkLock(scope);
  try {
    const record = readConnection(scope, owner);
    if (record?.request === undefined) return;
    const { request, members: before = {} } = record;
    const members = change(before);
    // Recorded before it is done: a process that is killed leaves no names that cleanup does not find.
    writeConnection(scope, { ...record, members: { ...before, ...members } });
    const files = serverFiles(scope, request);
    for (const { file, network } of files) {
      const text = readFileSync(file, "utf8");
      const ids = [...Object.keys(before), ...Object.keys(members)];
      replaceNames(scope, file, withLines(text, ids, memberLines(request, network, members)));
    }
    if (files.length > 0) signalDnsServer(scope, "SIGHUP");
    writeConnection(scope, { ...record, members });
  } finally {
    lock.close();
  }
}

/** The DNS server's files of the owner's networks; that of an internal network has a mark after its name. */
function serverFiles(scope: Scope, request: NetavarkRequest): { file: string; network: string }[] {
  const directory = dnsServerDir(scope);
  return listIfThere(directory).flatMap((name) => {
    const network = name.replace(/%int$/, "");
    return request.networks[network] === undefined ? [] : [{ file: join(directory, name), network }];
  });
}

/** A line of the DNS server's file for each member: it has the owner's addresses in the network. */
export function memberLines(request: NetavarkRequest, network: string, members: MemberNames): string[] {
  const addresses = request.networks[network]?.static_ips ?? [];
  const ipv4 = addresses.filter((address) => familyOf(address) === 4).join(",");
  const ipv6 = addresses.filter((address) => familyOf(address) === 6).join(",");
  const servers = request.dns_servers === undefined ? "" : ` ${request.dns_servers.join(",")}`;
  return Object.entries(members).map(([id, names]) => `${id} ${ipv4} ${ipv6} ${names.join(",")}${servers}`);
}
