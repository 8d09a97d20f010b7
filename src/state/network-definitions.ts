import { renameSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_NETWORK } from "../options/values/network.ts";
import type { Scope } from "../scope.ts";
import { listIfThere, removeIfThere } from "../system/files.ts";
import { readBounded } from "../system/read-bounded.ts";
import { StateError } from "./error.ts";
import { idleMaker } from "./idle-maker.ts";
import { openLockFile, withLock } from "./lock.ts";
import { defaultNetwork, type NetworkDefinition, networkDefinitionFields } from "./network-definition.ts";
import { lasting, readRecordFile, recordFormat, type Survey, survey, writeRecordFile } from "./record-format.ts";

/** As much as is looked through of a definition that cannot be read: bytes. */
const DAMAGED_MAX = 1024 * 1024;

/** People read and copy these files, which therefore are indented. */
const FORMAT = recordFormat<NetworkDefinition>(
  {
    noun: "network",
    verb: "made",
    remedy: "remove that file and create the network again, or put a copy back",
    called: (name) => `the definition of network ${name}`,
    indent: 2,
  },
  networkDefinitionFields,
);

/** The folder of definitions, one NAME.json each; it survives reboots. */
export const definitionsDir = (scope: Scope) => join(scope.stateDir, "networks");

/** The definition of a network. Throws "no-such-network". */
export function readDefinition(scope: Scope, name: string): NetworkDefinition {
  const found = findDefinition(scope, name);
  if (found !== undefined) return found;
  const maker = idleMaker(scope, "network", name);
  throw new StateError(
    "no-such-network",
    `there is no network ${name}${maker === undefined ? "" : `; ${maker.remedy}`}`,
  );
}

/** The definition of a network, or undefined if there is none of that name. */
export function findDefinition(scope: Scope, name: string): NetworkDefinition | undefined {
  if (name === DEFAULT_NETWORK) return defaultNetwork();
  if (!isNetworkName(name)) return undefined;
  return readFile(scope, name, ".json");
}

/** The network of a name, or of a prefix of an ID. Throws "no-such-network". */
export function findNetwork(scope: Scope, word: string): NetworkDefinition {
  const byName = findDefinition(scope, word);
  if (byName !== undefined) return byName;
  const byId = /^[0-9a-f]{3,64}$/.test(word)
    ? surveyDefinitions(scope).records.filter(({ id }) => id.startsWith(word))
    : [];
  return byId.length === 1 && byId[0] !== undefined ? byId[0] : readDefinition(scope, word);
}

/** All networks with a definition that can be read, by name, and an error for each of the others. */
export function surveyDefinitions(scope: Scope): Survey<NetworkDefinition> {
  const names = listIfThere(definitionsDir(scope)).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []);
  const all = [DEFAULT_NETWORK, ...names.filter((name) => name !== DEFAULT_NETWORK)].sort();
  return survey(all, (name) => findDefinition(scope, name));
}

/**
 * What the definitions that cannot be read still say, each as text: their networks may be up, and keep their subnets
 * and bridges. Empty for a file that holds no text.
 */
export function damagedDefinitions(scope: Scope): readonly string[] {
  const sound = new Set(surveyDefinitions(scope).records.map(({ name }) => `${name}.json`));
  const files = listIfThere(definitionsDir(scope)).filter((file) => file.endsWith(".json") && !sound.has(file));
  return files.map((file) => {
    try {
      return readBounded(join(definitionsDir(scope), file), DAMAGED_MAX)?.toString("latin1") ?? "";
    } catch {
      return "";
    }
  });
}

/** Writes a definition. The caller holds the lock. */
export function writeDefinition(scope: Scope, definition: NetworkDefinition): void {
  const path = join(definitionsDir(scope), `${definition.name}.json`);
  writeRecordFile(path, FORMAT, definition, { ...lasting(path), mode: 0o644 });
}

/** The suffix of a definition's file while its bridge is being removed: the network is gone already. */
const REMOVED = ".removed";

/** Removes a network, but keeps its bridge on record. The caller holds the lock. */
export function beginRemoval(scope: Scope, name: string): void {
  renameSync(join(definitionsDir(scope), `${name}.json`), join(definitionsDir(scope), `${name}${REMOVED}`));
}

/** Removes that record, once the bridge is gone. */
export function finishRemoval(scope: Scope, name: string): void {
  removeIfThere(join(definitionsDir(scope), `${name}${REMOVED}`));
}

/** Networks whose removal has begun and not ended; nothing can be done about a definition that cannot be read. */
export function listRemovals(scope: Scope): readonly NetworkDefinition[] {
  const files = listIfThere(definitionsDir(scope)).filter((file) => file.endsWith(REMOVED));
  const names = files.map((file) => file.slice(0, -REMOVED.length)).filter(isNetworkName);
  return survey(names, (name) => readFile(scope, name, REMOVED)).records;
}

/** A network's name is that of its file, also in a copy of another one's: the name becomes part of paths. */
function readFile(scope: Scope, name: string, suffix: string): NetworkDefinition | undefined {
  const path = join(definitionsDir(scope), `${name}${suffix}`);
  const definition = readRecordFile(path, FORMAT, name);
  return definition === undefined ? undefined : { ...definition, name };
}

/** Podman's rule, and short enough for a file's name. */
export function isNetworkName(name: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}$/.test(name);
}

/**
 * Runs `work` while no other process creates or removes networks ("exclusive": subnets and interface names must differ
 * from those of all others), or while none removes one ("shared": a new user of a network must be seen).
 */
export function withDefinitionsLock<T>(scope: Scope, how: "shared" | "exclusive", work: () => T): T {
  return withLock("definitions", openLockFile(join(definitionsDir(scope), ".lock"), 0o711), how, work);
}
