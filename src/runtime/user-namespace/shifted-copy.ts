import { chmodSync, lchownSync, type Stats } from "node:fs";
import { derivedLayer } from "../../image/layer/derived-layer.ts";
import { walkTree } from "../../system/deep-paths.ts";
import { readAttributes, setAttribute } from "../../system/file-attributes.ts";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";
import { type IdMaps, type IdRange, OVERFLOW_ID, toOutside } from "./id-map.ts";

/** The attribute that chown(2) removes from a file. */
const CAPABILITY = "security.capability";

/**
 * A copy of a layer's tree with owners shifted by `maps`, for kernels that do not shift them. It is made at its first
 * use, and removed with the layer. Returns its path.
 */
export function shiftedCopy(tree: string, maps: IdMaps): string {
  return derivedLayer(tree, nameOf(maps), (unfinished) => {
    run("cp", ["-a", "--reflink=auto", "--", tree, unfinished], `copy ${tree}`);
    walkTree(Buffer.from(unfinished), (path, stats) => shiftOwners(path, stats, maps));
    run("sync", ["--file-system", unfinished], `write out ${unfinished}`);
  });
}

/** A file name that distinguishes maps. */
function nameOf({ uids, gids }: IdMaps): string {
  const name = (map: readonly IdRange[]) =>
    map.map(({ inside, outside, size }) => `${inside}-${outside}-${size}`).join("_");
  const text = `${name(uids)}=${name(gids)}`;
  // NAME_MAX is 255; a digest stands for a longer name.
  return text.length <= 200 ? text : Bun.hash(text).toString(16);
}

function shiftOwners(path: Buffer, { uid, gid, mode }: Stats, maps: IdMaps): void {
  const file = (mode & 0o170000) === 0o100000;
  const capability = file ? readAttributes(path).get(CAPABILITY) : undefined;
  lchownSync(path, toOutside(maps.uids, uid) ?? OVERFLOW_ID, toOutside(maps.gids, gid) ?? OVERFLOW_ID);
  // chown(2) removes set-uid bits and capabilities.
  if (file && (mode & 0o6000) !== 0) chmodSync(path, mode & 0o7777);
  if (capability !== undefined) setAttribute(path, CAPABILITY, capability);
}

function run(program: "cp" | "sync", args: readonly string[], what: string): void {
  const { exitCode, stderr } = runProgram(program, args);
  if (exitCode !== 0) throw new RuntimeError("user-namespace", `${what}: ${stderr}`);
}
