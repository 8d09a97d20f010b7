import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { dictionary, fields, flag, list, number, optional, orElse, text } from "../../../json-fields.ts";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import type { Scope } from "../../../scope.ts";
import { openLockFile, withLock } from "../../../state/lock.ts";
import { networkDefinitionFields } from "../../../state/network-definition.ts";
import { readRecordFile, recordFormat, writeRecordFile } from "../../../state/record-format.ts";
import { portMapping } from "../../../state/request-fields.ts";
import { listIfThere, removeIfThere } from "../../../system/files.ts";
import type { GivenByNetwork } from "./connected-networks.ts";
import { removeNamespaceLink } from "./namespace-link.ts";
import type { NetavarkAttachment, NetavarkRequest } from "./netavark-request.ts";
import type { GivenAddress, GivenAddresses } from "./netavark-result.ts";

/**
 * What one owner (a container, a pod) has in networks: it is on disk before anything is taken or set up, and goes when
 * all has been given back. It tells who uses a network and which ports are published, and what teardown and reload have
 * to do.
 */
export interface ConnectionRecord {
  /** The container's ID, or another name that no container can have. */
  readonly owner: string;
  readonly name: string;
  readonly networks: readonly string[];
  readonly ports: readonly PortMapping[];
  /** What netavark is given; undefined while addresses are being taken. */
  readonly request: NetavarkRequest | undefined;
  /** Whether what it has is being taken away. */
  readonly ending?: boolean;
  /** What DHCP servers and plugins have given, by network. */
  readonly given?: GivenByNetwork;
  /** Names of others that are in the same namespace, by their IDs: a pod's containers. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

const givenAddresses = fields<GivenAddresses>({
  subnets: list(fields<GivenAddress>({ ipnet: text, gateway: optional(text) })),
  nameServers: orElse(list(text), []),
  searchDomains: orElse(list(text), []),
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
      static_ips: list(text),
      static_mac: optional(text),
      interface_name: text,
      aliases: list(text),
    }),
  ),
  network_info: dictionary(fields(networkDefinitionFields)),
  dns_servers: optional(list(text)),
});

const FORMAT = recordFormat<ConnectionRecord>(
  { noun: "the connection of", verb: "made" },
  {
    owner: text,
    name: text,
    networks: list(text),
    ports: list(portMapping),
    request: optional(netavarkRequest),
    ending: optional(flag),
    given: optional(dictionary(givenAddresses)),
    members: optional(dictionary(list(text))),
  },
);

const recordsDir = (scope: Scope) => join(scope.runtimeDir, "network-setups");
const recordFile = (scope: Scope, owner: string) => join(recordsDir(scope), `${owner}.json`);

export function writeConnection(scope: Scope, record: ConnectionRecord): void {
  mkdirSync(recordsDir(scope), { recursive: true, mode: 0o700 });
  writeRecordFile(recordFile(scope, record.owner), FORMAT, record);
}

/** What an owner has, or undefined if it has nothing. Throws "corrupt-record" and "newer-record". */
export function readConnection(scope: Scope, owner: string): ConnectionRecord | undefined {
  return readRecordFile(recordFile(scope, owner), FORMAT, owner);
}

export function removeConnection(scope: Scope, owner: string): void {
  removeNamespaceLink(scope, owner);
  removeIfThere(recordFile(scope, owner));
}

export function listConnections(scope: Scope): ConnectionRecord[] {
  return listIfThere(recordsDir(scope)).flatMap((file) => {
    const owner = /^(.+)\.json$/.exec(file)?.[1];
    return owner === undefined ? [] : (readConnection(scope, owner) ?? []);
  });
}

/**
 * Runs `work` while nobody else looks at what is published to publish something. The kernel frees the lock when a
 * process dies.
 */
export function withPortsLock<T>(scope: Scope, work: () => T): T {
  return withLock("ports", openLockFile(join(recordsDir(scope), ".ports")), "exclusive", work);
}
