import { dictionary, list, number, optional, orElse, text } from "../json-fields.ts";
import type { NetworkRequest, PortMapping } from "../options/requests/run-request.ts";
import type { Scope } from "../scope.ts";
import { listIfThere } from "../system/files.ts";
import type { ProcessIdentity } from "../system/process-identity.ts";
import type { StateError } from "./error.ts";
import { containerPaths, containersDir } from "./paths.ts";
import { readRecordFile, readRecordIfSound, recordFormat, survey, writeRecordFile } from "./record-format.ts";
import { networkRequest, portMapping, processIdentity, texts } from "./request-fields.ts";

/**
 * What berth remembers of a container between its start and its cleanup: facts for `berth ps` and `inspect`, and what
 * cleanup has to undo. Whether it still runs is not in here: that is systemd's and the kernel's to say.
 */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  /** The service it runs in; undefined for a run in somebody's shell. */
  readonly unit: string | undefined;
  readonly image: string;
  readonly imageDigest: string;
  /** diffIDs in use: the store keeps these layers while the record exists. */
  readonly imageLayers: readonly string[];
  readonly command: readonly string[];
  /** diffIDs of images that are mounted in it, an image an element: their layers stay as well. */
  readonly otherImages?: readonly (readonly string[])[];
  /** Names of the volumes it has mounted: they stay while the record exists. */
  readonly volumes?: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  /**
   * The container's cgroup, as /proc/PID/cgroup shows it: what tells its process from a later one of the same number.
   */
  readonly cgroup: string;
  /** The process that launches the container, or runs it in the foreground. */
  readonly launcher: ProcessIdentity;
  readonly network: NetworkRequest;
  /** The pod that it is in. */
  readonly pod: string | undefined;
  /** What it got in each of its networks, by their names. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly ports: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  /** Without SIG. */
  readonly stopSignal: string;
  /** Seconds. */
  readonly stopTimeout: number;
}

/** What a record has to say to be of use, and what stands for what it does not say. */
const FORMAT = recordFormat<ContainerRecord>(
  { noun: "container", verb: "started" },
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
  },
);

export function writeRecord(scope: Scope, record: ContainerRecord): void {
  writeRecordFile(containerPaths(scope, record.id).record, FORMAT, record);
}

/**
 * The record of one container, or undefined if there is none (a start that was killed before it wrote one, say) or none
 * that can be read: it is then cleaned up without, rather than be in everybody's way. Throws "newer-record".
 */
export function readRecord(scope: Scope, id: string): ContainerRecord | undefined {
  return readRecordIfSound(containerPaths(scope, id).record, FORMAT, id);
}

/** The same for what must not be wrong about a container in use. Throws "corrupt-record" and "newer-record". */
export function readSoundRecord(scope: Scope, id: string): ContainerRecord | undefined {
  return readRecordFile(containerPaths(scope, id).record, FORMAT, id);
}

/** IDs of everything that has a bundle directory, with or without a record. */
export function listContainerIds(scope: Scope): string[] {
  return listIfThere(containersDir(scope)).sort();
}

/** All records that can be read. Throws "newer-record" if there is one. */
export function listRecords(scope: Scope): ContainerRecord[] {
  const { records, newer } = surveyRecords(scope);
  const [first] = newer;
  if (first !== undefined) throw first;
  return records;
}

/** All records that can be read, and for each container that a newer berth started the error that says so. */
export function surveyRecords(scope: Scope): { records: ContainerRecord[]; newer: StateError[] } {
  return survey(listContainerIds(scope), (id) => readRecord(scope, id));
}
