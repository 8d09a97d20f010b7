import { readFileSync } from "node:fs";
import { RuntimeError } from "../runtime/error.ts";
import type { RuntimeSpec } from "../runtime/spec/runtime-spec.ts";
import type { Scope } from "../scope.ts";
import { type ContainerRecord, idOfName, listRecords, readRecord } from "./container-record.ts";
import { containerPaths } from "./paths.ts";

/**
 * The container that a word means: its name, its service (with or without ".service"), its ID or the beginning of it.
 * Throws "no-such-container", also when an ID's beginning fits several.
 */
export function findContainer(scope: Scope, word: string): ContainerRecord {
  const id = word.includes("/") ? undefined : idOfName(scope, word);
  const named = id === undefined ? undefined : readRecord(scope, id);
  if (named !== undefined) return named;
  const records = listRecords(scope);
  const byUnit = records.find(({ unit }) => unit === word || unit === `${word}.service`);
  if (byUnit !== undefined) return byUnit;
  const byId = word === "" ? [] : records.filter((record) => record.id.startsWith(word));
  const [only] = byId;
  if (only !== undefined && byId.length === 1) return only;
  throw new RuntimeError(
    "no-such-container",
    byId.length > 1 ? `the ID ${word} fits ${byId.length} containers` : `no container ${word} is running`,
  );
}

/** config.json as it was written for the container. */
export function readSpec(scope: Scope, id: string): RuntimeSpec {
  return JSON.parse(readFileSync(containerPaths(scope, id).config, "utf8")) as RuntimeSpec;
}
