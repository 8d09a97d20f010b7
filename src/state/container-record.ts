import { dictionary, list, number, oneOf, optional, orElse, text, texts } from "../json-fields.ts";
import { DEFAULT_OCI_RUNTIME, OCI_RUNTIMES, type OciRuntimeName } from "../oci-runtimes.ts";
import type { NetworkRequest, PortMapping } from "../options/requests/run-request.ts";
import type { Scope } from "../scope.ts";
import { listIfThere } from "../system/files.ts";
import type { ProcessIdentity } from "../system/process-identity.ts";
import { containerPaths, containersDir } from "./paths.ts";
import {
  readRecordFile,
  readRecordIfSound,
  recordFormat,
  type Survey,
  survey,
  writeRecordFile,
} from "./record-format.ts";
import { networkRequest, portMapping, processIdentity } from "./request-fields.ts";

/**
 * A container's record, from its start to its cleanup: facts for `berth ps` and `inspect`, and what cleanup has to
 * undo. It does not say whether the container still runs: only systemd and the kernel know.
 */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  /** The service that it runs in; undefined for a container in the foreground of a shell. */
  readonly unit: string | undefined;
  readonly image: string;
  readonly imageDigest: string;
  /** diffIDs of its image: the store keeps these layers while the record exists. */
  readonly imageLayers: readonly string[];
  readonly command: readonly string[];
  /** diffIDs of the images that are mounted in it, one list an image: the store keeps these layers, too. */
  readonly otherImages?: readonly (readonly string[])[];
  /** Names of its volumes: they stay while the record exists. */
  readonly volumes?: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  /** Its cgroup, as /proc/PID/cgroup shows it: distinguishes its process from a later one with the same PID. */
  readonly cgroup: string;
  /** The process that launches the container, or runs it in the foreground. */
  readonly launcher: ProcessIdentity;
  readonly network: NetworkRequest;
  /** Its pod. */
  readonly pod: string | undefined;
  /** Its addresses, by network. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly ports: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  /** Without SIG. */
  readonly stopSignal: string;
  /** Seconds. */
  readonly stopTimeout: number;
  /** The service that a container in the foreground was started in without being its unit. */
  readonly caller?: string;
  /** The OCI runtime that made it. */
  readonly runtime: OciRuntimeName;
}

/** A record without an identity, image or network is of no use; other members have defaults. */
const FORMAT = recordFormat<ContainerRecord>(
  {
    noun: "container",
    verb: "started",
    remedy: "restart its service, or end its processes and run `berth cleanup --stale`",
  },
  {
    id: text,
    name: text,
    unit: optional(text),
    image: text,
    imageDigest: text,
    imageLayers: texts,
    command: orElse(texts, []),
    otherImages: optional(list(texts)),
    volumes: optional(texts),
    created: text,
    cgroup: text,
    launcher: processIdentity,
    network: networkRequest,
    pod: optional(text),
    addresses: orElse(dictionary(texts), {}),
    ports: orElse(list(portMapping), []),
    labels: orElse(dictionary(text), {}),
    stopSignal: orElse(text, "TERM"),
    stopTimeout: orElse(number, 10),
    caller: optional(text),
    // Records without it are of the time when there was only this one.
    runtime: orElse(oneOf(...OCI_RUNTIMES), DEFAULT_OCI_RUNTIME),
  },
);

export function writeRecord(scope: Scope, record: ContainerRecord): void {
  writeRecordFile(containerPaths(scope, record.id).record, FORMAT, record);
}

/**
 * The record of one container. undefined if there is none (a start that was killed early, say), or none that can be
 * read: such a container is cleaned up without one. Throws "newer-record".
 */
export function readRecord(scope: Scope, id: string): ContainerRecord | undefined {
  return named(id, readRecordIfSound(containerPaths(scope, id).record, FORMAT, id));
}

/** A container's ID is that of its folder, whatever the record says. */
function named(id: string, record: ContainerRecord | undefined): ContainerRecord | undefined {
  return record === undefined || record.id === id ? record : { ...record, id };
}

/** The same for callers that would do harm without the record. Throws "corrupt-record" and "newer-record". */
export function readSoundRecord(scope: Scope, id: string): ContainerRecord | undefined {
  return named(id, readRecordFile(containerPaths(scope, id).record, FORMAT, id));
}

/** IDs of all containers with a bundle directory, with or without a record. */
export function listContainerIds(scope: Scope): string[] {
  return listIfThere(containersDir(scope)).sort();
}

/** All records that can be read, and an error for each of the others. */
export function surveyRecords(scope: Scope): Survey<ContainerRecord> {
  return survey(listContainerIds(scope), (id) => readSoundRecord(scope, id));
}
