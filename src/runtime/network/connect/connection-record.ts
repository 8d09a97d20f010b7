import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { dictionary, fields, flag, list, number, optional, orElse, text, texts } from "../../../json-fields.ts";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import type { Scope } from "../../../scope.ts";
import { openLockFile, withLock } from "../../../state/lock.ts";
import { networkDefinitionFields } from "../../../state/network-definition.ts";
import {
  readRecordFile,
  readRecordIfSound,
  recordFormat,
  type Survey,
  survey,
  writeRecordFile,
} from "../../../state/record-format.ts";
import { portMapping } from "../../../state/request-fields.ts";
import { listIfThere, removeIfThere } from "../../../system/files.ts";
import type { GivenByNetwork } from "./connected-networks.ts";
import { removeNamespaceLink, setUpsDir } from "./namespace-link.ts";
import type { NetavarkAttachment, NetavarkRequest } from "./netavark-request.ts";
import type { GivenAddress, GivenAddresses } from "./netavark-result.ts";
import { collectClaims, listClaims, readClaim, removeClaim, writeClaim } from "./port-claims.ts";
import type { PublishedPorts } from "./published-ports.ts";

/**
 * The connection of one owner, a container or a pod, to its networks. The record is written before an address is leased
 * or a network set up, and removed after all is torn down. It says which networks and ports are in use, and what
 * teardown and reload have to do.
 */
export interface ConnectionRecord {
  /** The ID of a container or a pod. */
  readonly owner: string;
  readonly name: string;
  readonly networks: readonly string[];
  readonly ports: readonly PortMapping[];
  /** netavark's request; undefined while addresses are being leased. */
  readonly request: NetavarkRequest | undefined;
  /** Whether the connection is being torn down. */
  readonly ending?: boolean;
  /** The addresses that DHCP servers and plugins have given, by network. */
  readonly given?: GivenByNetwork;
  /** DNS names of the containers in the same namespace, a pod's, by their IDs. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

const givenAddresses = fields<GivenAddresses>({
  subnets: list(fields<GivenAddress>({ ipnet: text, gateway: optional(text) })),
  nameServers: orElse(texts, []),
  searchDomains: orElse(texts, []),
});

const netavarkRequest = fields<NetavarkRequest>({
  container_id: text,
  container_name: text,
  container_hostname: optional(text),
  port_mappings: list(
    fields({ container_port: number, host_ip: text, host_port: number, protocol: text, range: number }),
  ),
  networks: dictionary(
    fields<NetavarkAttachment>({
      static_ips: texts,
      static_mac: optional(text),
      interface_name: text,
      aliases: texts,
    }),
  ),
  network_info: dictionary(fields(networkDefinitionFields)),
  dns_servers: optional(texts),
});

const FORMAT = recordFormat<ConnectionRecord>(
  {
    noun: "the connection of",
    verb: "made",
    remedy: "end the container, remove that file and run `berth cleanup --stale`",
  },
  {
    owner: text,
    name: text,
    networks: texts,
    ports: list(portMapping),
    request: optional(netavarkRequest),
    ending: optional(flag),
    given: optional(dictionary(givenAddresses)),
    members: optional(dictionary(texts)),
  },
);

const recordFile = (scope: Scope, owner: string) => join(setUpsDir(scope), `${owner}.json`);

/** Replaces the record of `record.owner` in one step. */
export function writeConnection(scope: Scope, record: ConnectionRecord): void {
  mkdirSync(setUpsDir(scope), { recursive: true, mode: 0o700 });
  writeRecordFile(recordFile(scope, record.owner), FORMAT, record);
}

/** The record of an owner, or undefined if it is in no network. Throws "corrupt-record" and "newer-record". */
export function readConnection(scope: Scope, owner: string): ConnectionRecord | undefined {
  const record = readRecordFile(recordFile(scope, owner), FORMAT, owner);
  // Its owner is that of the file, whatever the record says.
  return record === undefined || record.owner === owner ? record : { ...record, owner };
}

/** Removes the record of an owner, its namespace link and its claim of ports; does nothing if there is none. */
export function removeConnection(scope: Scope, owner: string): void {
  removeNamespaceLink(scope, owner);
  removeClaim(scope, owner);
  removeIfThere(recordFile(scope, owner));
}

/** The same, but undefined for a record that cannot be read. Throws "newer-record". */
export function readConnectionIfSound(scope: Scope, owner: string): ConnectionRecord | undefined {
  return readRecordIfSound(recordFile(scope, owner), FORMAT, owner);
}

/** Whether an owner has a record, be it one that cannot be read. */
export function hasConnection(scope: Scope, owner: string): boolean {
  return existsSync(recordFile(scope, owner));
}

/** The owners of all records, in no order. */
export function listOwners(scope: Scope): string[] {
  return listIfThere(setUpsDir(scope)).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []);
}

/**
 * All records that can be read, and an error for each of the others: the containers of these may run, and no other
 * container may suffer from it.
 */
export function surveyConnections(scope: Scope): Survey<ConnectionRecord> {
  return survey(listOwners(scope), (owner) => readConnection(scope, owner));
}

/** An owner that publishes ports. */
export interface Publisher extends PublishedPorts {
  readonly owner: string;
}

/** All owners that publish ports, but those of which nothing can be read. */
export function listPublishers(scope: Scope): Publisher[] {
  const connected = listOwners(scope);
  const known = new Set(connected);
  const owners = listClaims(scope)?.filter((owner) => known.has(owner)) ?? connected;
  const read = (owner: string): Publisher | undefined => {
    const { name, ports } = readClaim(scope, owner) ?? readConnection(scope, owner) ?? { name: "", ports: [] };
    return ports.length === 0 ? undefined : { owner, name, ports };
  };
  return [...survey(owners, read).records];
}

/**
 * Writes the record of an owner that publishes ports, and then its claim of them. The caller holds the lock for ports,
 * and has checked them against `others`, all publishers before.
 */
export function claim(scope: Scope, record: ConnectionRecord, others: readonly Publisher[]): void {
  writeConnection(scope, record);
  if (listClaims(scope) === undefined) collectClaims(scope, others);
  writeClaim(scope, record.owner, record);
}

/** Runs `work` under the lock for choosing and checking published ports. The kernel frees it when the process dies. */
export function withPortsLock<T>(scope: Scope, work: () => T): T {
  return withLock("ports", openLockFile(join(setUpsDir(scope), ".ports")), "exclusive", work);
}
