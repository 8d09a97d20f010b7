import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject } from "../../json.ts";
import { DeepPaths, Folder } from "../../system/deep-paths.ts";
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
  const root = Buffer.from(tree);
  const paths = new DeepPaths();
  let entries = 0;
  let bytes = 0;
  const pending = [new Folder("", undefined)];
  try {
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const name of readdirSync(paths.of(root, folder), { encoding: "latin1" })) {
        const stats = lstatSync(paths.of(root, folder, name));
        entries += 1;
        if (stats.isFile()) bytes += stats.size;
        if (stats.isDirectory()) pending.push(new Folder(name, folder));
      }
    }
  } finally {
    paths.close();
  }
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

/** The damage of a layer in the store; undefined when its tree is as it was when it was published. */
export function checkLayer(dir: string): string | undefined {
  let record: unknown;
  try {
    record = JSON.parse(readFileSync(join(dir, RECORD), "utf8"));
  } catch {
    return "its record is missing or broken";
  }
  if (!isJsonObject(record)) return "its record is broken";
  const census = takeCensus(join(dir, TREE));
  if (census.entries !== record.entries) return `${census.entries} entries where ${record.entries} were unpacked`;
  if (census.bytes !== record.bytes) return `${census.bytes} bytes where ${record.bytes} were unpacked`;
  return undefined;
}
