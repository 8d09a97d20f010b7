import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject } from "../../json.ts";
import { walkTree } from "../../system/deep-paths.ts";
import { readRegular } from "../../system/read-bounded.ts";
import type { DiffId } from "../document/digest.ts";
import { RECORD, TREE } from "./directory.ts";

/** A count of a layer's tree, which shows when files are missing, cut short or were added. */
export interface TreeCensus {
  /** Everything below the root. */
  readonly entries: number;
  /** Sum of the sizes of regular files, in bytes; each name of a hard-linked file counts. */
  readonly bytes: number;
}

/** Kept beside the tree, and published with it in one rename. */
export interface LayerRecord extends TreeCensus {
  readonly diffId: DiffId;
}

/** Counts a tree on the disk. */
export function takeCensus(tree: string): TreeCensus {
  // The root itself does not count.
  let entries = -1;
  let bytes = 0;
  walkTree(Buffer.from(tree), (_, stats) => {
    entries += 1;
    if (stats.isFile()) bytes += stats.size;
  });
  return { entries, bytes };
}

export function writeRecord(dir: string, record: LayerRecord): void {
  const fd = openSync(join(dir, RECORD), "wx", 0o644);
  try {
    writeSync(fd, `${JSON.stringify(record)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The longest record that is read: bytes. */
const RECORD_MAX = 64 * 1024;

/** The damage of a layer in the store; undefined when its tree is as it was when it was published. */
export function checkLayer(dir: string): string | undefined {
  let record: unknown;
  try {
    record = JSON.parse(readRegular(join(dir, RECORD), RECORD_MAX).toString());
  } catch {
    return "its record is missing or broken";
  }
  if (!isJsonObject(record)) return "its record is broken";
  const census = takeCensus(join(dir, TREE));
  if (census.entries !== record.entries) return `${census.entries} entries where ${record.entries} were unpacked`;
  if (census.bytes !== record.bytes) return `${census.bytes} bytes where ${record.bytes} were unpacked`;
  return undefined;
}
