import { join } from "node:path";
import { number, optional, text, texts } from "../../../json-fields.ts";
import type { Scope } from "../../../scope.ts";
import { readRecordFile, recordFormat, writeRecordFile } from "../../../state/record-format.ts";
import { processIdentity } from "../../../state/request-fields.ts";
import { isAlive, type ProcessIdentity } from "../../../system/process-identity.ts";

/**
 * The namespaces of an ordinary user's bridges: one network namespace for all of them, which pasta connects to the
 * host, in one user namespace with the containers that they connect. The user's systemd keeps the network namespace,
 * and with it the user namespace, while ROOTLESS_UNITS are active: from the first container that needs it on.
 */
export interface RootlessNamespace {
  /** Its processes, if they run; it is entered by one of them. pasta has it open, the DNS server is in it. */
  readonly pasta: ProcessIdentity | undefined;
  readonly dns: ProcessIdentity | undefined;
  readonly inode: number;
  /** The address of the host from inside, and the resolvers that answer there. */
  readonly gateway: string | undefined;
  readonly resolvers: readonly string[];
}

/** The record that pasta's unit writes to the file `pasta`. */
export interface PastaRecord {
  readonly pasta: ProcessIdentity;
  /** Inode number of the network namespace. */
  readonly inode: number;
  readonly gateway: string | undefined;
  readonly resolvers: readonly string[];
}

const REMEDY = "restart berth-networks.target";

const PASTA_FORMAT = recordFormat<PastaRecord>(
  { noun: "the network namespace", verb: "made", remedy: REMEDY },
  { pasta: processIdentity, inode: number, gateway: optional(text), resolvers: texts },
);
const DNS_FORMAT = recordFormat<ProcessIdentity>(
  { noun: "the DNS server", verb: "started", remedy: REMEDY },
  { pid: number, startTime: text },
);

/** Replaces the record of pasta's unit in one step. */
export function writePasta(scope: Scope, record: PastaRecord): void {
  writeRecordFile(rootlessPaths(scope).pasta, PASTA_FORMAT, record);
}

/** Records the DNS server's process. */
export function writeDnsServer(scope: Scope, server: ProcessIdentity): void {
  writeRecordFile(rootlessPaths(scope).dns, DNS_FORMAT, server);
}

/** Files of the rootless namespace, below the user's runtime directory. */
export function rootlessPaths(scope: Scope): {
  readonly directory: string;
  readonly namespace: string;
  readonly pasta: string;
  readonly dns: string;
  /** The error of pasta's last start. */
  readonly failure: string;
} {
  const directory = join(scope.runtimeDir, "shared-namespace");
  const file = (...names: string[]) => join(directory, ...names);
  return {
    directory,
    namespace: file("namespace", "net"),
    pasta: file("pasta.json"),
    dns: file("names.json"),
    failure: file("failure"),
  };
}

/** The rootless namespace, if there is a process to enter it by. Throws "corrupt-record" and "newer-record". */
export function readRootlessNamespace(scope: Scope): RootlessNamespace | undefined {
  const paths = rootlessPaths(scope);
  const record = readRecordFile(paths.pasta, PASTA_FORMAT, "of a user's networks");
  if (record === undefined) return undefined;
  const server = readRecordFile(paths.dns, DNS_FORMAT, "of a user's networks");
  const pasta = isAlive(record.pasta) ? record.pasta : undefined;
  const dns = server !== undefined && isAlive(server) ? server : undefined;
  return pasta === undefined && dns === undefined ? undefined : { ...record, pasta, dns };
}
