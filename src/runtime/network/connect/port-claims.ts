import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PROTOCOLS } from "../../../options/values/port.ts";
import type { Scope } from "../../../scope.ts";
import { errnoName, isErrno } from "../../../system/error.ts";
import { removeIfThere, replaceLink } from "../../../system/files.ts";
import { setUpsDir } from "./namespace-link.ts";
import type { HostPort, PublishedPorts } from "./published-ports.ts";

/*
 * Who publishes which ports: a link for each owner that does, whose target says it. The record of the connection says
 * the same and is written before it; but of a thousand records, most are of owners without ports, and long.
 */

/** The folder of the links; it is there once a claim was made by a berth that knows of it. */
const claimsDir = (scope: Scope) => join(setUpsDir(scope), ".published");

/** The owners that publish ports, in no order; undefined where records alone say so, those of an older berth. */
export function listClaims(scope: Scope): string[] | undefined {
  try {
    return readdirSync(claimsDir(scope)).filter((name) => !name.endsWith(".new"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** The ports of an owner; undefined where its record has to say it. */
export function readClaim(scope: Scope, owner: string): PublishedPorts | undefined {
  try {
    return parseClaim(readlinkSync(join(claimsDir(scope), owner)));
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
    return undefined;
  }
}

/** Notes the ports of an owner. */
export function writeClaim(scope: Scope, owner: string, ports: PublishedPorts): void {
  writeInto(claimsDir(scope), owner, ports);
}

/** Makes the folder, with the claims of all owners that there are. The caller holds the lock for ports. */
export function collectClaims(scope: Scope, owners: readonly (PublishedPorts & { readonly owner: string })[]): void {
  const [folder, unfinished] = [claimsDir(scope), `${claimsDir(scope)}.new`];
  for (const path of [folder, unfinished]) rmSync(path, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  for (const { owner, ...published } of owners) writeInto(unfinished, owner, published);
  renameSync(unfinished, folder);
}

/** Does nothing if the owner has none. */
export function removeClaim(scope: Scope, owner: string): void {
  try {
    for (const name of [owner, `${owner}.new`]) removeIfThere(join(claimsDir(scope), name));
  } catch (error) {
    if (!isErrno(error, "ENOTDIR")) throw error;
  }
}

/** The longest target that every file system takes: bytes. */
const TARGET_MAX = 4000;

function writeInto(folder: string, owner: string, ports: PublishedPorts): void {
  const path = join(folder, owner);
  const target = formatClaim(ports);
  // A target that is no claim sends readers to the record.
  replaceLink(path, target.length > TARGET_MAX ? "record" : target, `${path}.new`);
}

/** `NAME tcp/8080+1@127.0.0.1 udp/53+1@ …`: protocol, first port, how many, address. */
export function formatClaim({ name, ports }: PublishedPorts): string {
  return [name, ...ports.map((port) => `${port.protocol}/${port.hostPort}+${port.range}@${port.hostIp}`)].join(" ");
}

/** Undefined for a text that is no claim. */
export function parseClaim(text: string): PublishedPorts | undefined {
  const [name = "", ...words] = text.split(" ");
  const ports: HostPort[] = [];
  for (const word of words) {
    const [, protocol = "", hostPort, range, hostIp = ""] = /^([a-z]+)\/(\d+)\+(\d+)@([0-9a-f.:]*)$/.exec(word) ?? [];
    const known = PROTOCOLS.find((one) => one === protocol);
    if (known === undefined) return undefined;
    ports.push({ protocol: known, hostPort: Number(hostPort), range: Number(range), hostIp });
  }
  return name === "" || ports.length === 0 ? undefined : { name, ports };
}
