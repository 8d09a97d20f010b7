import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shiftedCopy } from "../../../src/runtime/user-namespace/shifted-copy.ts";
import { makeNode, readAttributes, setAttribute } from "../../../src/system/file-attributes.ts";

const root = process.getuid?.() === 0;
/** cap_net_raw, permitted and effective: struct vfs_cap_data, revision 2. */
const CAPABILITY = Buffer.from("0100000200200000000000000000000000000000", "hex");
const MAP = [
  { inside: 0, outside: 100000, size: 1000 },
  { inside: 1000, outside: 5000, size: 1 },
];

let layer = "";
beforeEach(() => {
  layer = mkdtempSync(join(tmpdir(), "layer-"));
});
afterEach(() => rmSync(layer, { recursive: true, force: true }));

test.skipIf(!root)("a copy has other owners, and all else as the layer has it", () => {
  const tree = join(layer, "tree");
  mkdirSync(join(tree, "folder"), { recursive: true });
  const file = (name: string, uid: number, mode: number) => {
    writeFileSync(join(tree, name), name);
    lchownSync(join(tree, name), uid, uid);
    chmodSync(join(tree, name), mode);
  };
  file("folder/set-uid", 7, 0o4755);
  file("capable", 0, 0o755);
  file("mine", 1000, 0o600);
  file("foreign", 4242, 0o644);
  symlinkSync("/etc/passwd", join(tree, "link"));
  setAttribute(Buffer.from(join(tree, "capable")), "security.capability", CAPABILITY);
  makeNode(Buffer.from(join(tree, "whiteout")), 0o020000, 0, 0);
  const hostPasswd = lstatSync("/etc/passwd").uid;

  const copy = shiftedCopy(tree, { uids: MAP, gids: MAP });
  const facts = (name: string) => {
    const { uid, gid, mode } = lstatSync(join(copy, name));
    return [uid, gid, mode & 0o7777];
  };
  expect(facts("")).toEqual([100000, 100000, 0o755]);
  expect(facts("folder/set-uid")).toEqual([100007, 100007, 0o4755]);
  expect(facts("mine")).toEqual([5000, 5000, 0o600]);
  expect(facts("foreign").slice(0, 2)).toEqual([65534, 65534]);
  expect(lstatSync(join(copy, "link")).uid).toBe(100000);
  expect(lstatSync("/etc/passwd").uid).toBe(hostPasswd);
  expect(lstatSync(join(copy, "whiteout")).isCharacterDevice()).toBe(true);
  expect(readAttributes(Buffer.from(join(copy, "capable"))).get("security.capability")).toEqual(CAPABILITY);
  expect(lstatSync(join(tree, "mine")).uid).toBe(1000);

  // Once made it is used again; another map has another one. Nothing unfinished is left.
  writeFileSync(join(copy, "mark"), "");
  expect(readFileSync(join(shiftedCopy(tree, { uids: MAP, gids: MAP }), "mark"), "utf8")).toBe("");
  expect(shiftedCopy(tree, { uids: MAP, gids: MAP.slice(0, 1) })).not.toBe(copy);
  expect(readdirSync(join(layer, "shifted")).filter((name) => name.endsWith(".new"))).toEqual([]);
  expect(readdirSync(join(layer, "shifted"))).toHaveLength(2);
});
