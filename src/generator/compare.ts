import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path/posix";
import { readBounded } from "../system/read-bounded.ts";
import { decodeText } from "../unit/text.ts";
import { GENERATED_HEADER } from "./generate.ts";
import type { WritableUnits } from "./write.ts";

/**
 * The differences between a generator's output directory and the units as they would be written now: `+ NAME` is new,
 * `~ NAME` changes, `- NAME` is a unit of berth's that goes. Links of units that go or change are not compared: their
 * `[Install]` sections have changed with them. Empty if nothing differs.
 */
export function compareGenerated(directory: string, generated: WritableUnits): string[] {
  const changes: string[] = [];
  const wanted = new Set(generated.files.map(({ name }) => name));
  for (const { name, text } of generated.files) {
    const present = readText(join(directory, name));
    if (present !== text) changes.push(`${present === undefined ? "+" : "~"} ${name}`);
  }
  for (const { path, target } of generated.links) {
    const present = readLink(join(directory, path));
    if (present !== target) changes.push(`${present === undefined ? "+" : "~"} ${path}`);
  }
  for (const name of unitNames(directory)) {
    if (!wanted.has(name) && readText(join(directory, name))?.startsWith(GENERATED_HEADER)) changes.push(`- ${name}`);
  }
  return changes;
}

function unitNames(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /\.(?:service|socket)$/.test(name));
  } catch {
    return [];
  }
}

/** The longest unit that is compared: bytes. berth's own are far shorter. */
const UNIT_MAX = 16 * 1024 * 1024;

function readText(path: string): string | undefined {
  try {
    return decodeText(readBounded(path, UNIT_MAX) ?? Buffer.alloc(0));
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
