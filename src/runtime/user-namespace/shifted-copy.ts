import { chmodSync, lchownSync, lstatSync, readdirSync } from "node:fs";
import { derivedLayer } from "../../image/layer/derived-layer.ts";
import { readAttributes, setAttribute } from "../../system/file-attributes.ts";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";
import { type IdMaps, type IdRange, toOutside } from "./id-map.ts";

/** Ids that a map leaves out: nobody's, as in an id-mapped mount. */
const OVERFLOW_ID = 65534;
/** What chown(2) takes away from a file, user_xattr. */
const CAPABILITY = "security.capability";

/**
 * A copy of a layer's tree with owners shifted by `maps`, for where the kernel does not shift. It is made at the first
 * use and goes when the layer goes. Returns its path.
 */
export function shiftedCopy(tree: string, maps: IdMaps): string {
  return derivedLayer(tree, nameOf(maps), (unfinished) => {
    run("cp", ["-a", "--reflink=auto", "--", tree, unfinished], `copy ${tree}`);
    shiftOwners(Buffer.from(unfinished), maps);
    run("sync", ["--file-system", unfinished], `write out ${unfinished}`);
  });
}

/** A file name that tells maps apart. */
function nameOf({ uids, gids }: IdMaps): string {
  const name = (map: readonly IdRange[]) =>
    map.map(({ inside, outside, size }) => `${inside}-${outside}-${size}`).join("_");
  const text = `${name(uids)}=${name(gids)}`;
  // NAME_MAX is 255; what is longer has a digest.
  return text.length <= 200 ? text : Bun.hash(text).toString(16);
}

function shiftOwners(path: Buffer, maps: IdMaps): void {
  const { uid, gid, mode } = lstatSync(path);
  const directory = (mode & 0o170000) === 0o040000;
  const file = (mode & 0o170000) === 0o100000;
  const capability = file ? readAttributes(path).get(CAPABILITY) : undefined;
  lchownSync(path, toOutside(maps.uids, uid) ?? OVERFLOW_ID, toOutside(maps.gids, gid) ?? OVERFLOW_ID);
  // chown(2) takes set-uid bits and capabilities away.
  if (file && (mode & 0o6000) !== 0) chmodSync(path, mode & 0o7777);
  if (capability !== undefined) setAttribute(path, CAPABILITY, capability);
  if (!directory) return;
  for (const name of readdirSync(path, { encoding: "buffer" })) {
    shiftOwners(Buffer.concat([path, Buffer.from("/"), name]), maps);
  }
}

function run(program: "cp" | "sync", args: readonly string[], what: string): void {
  const { exitCode, stderr } = runProgram(program, args);
  if (exitCode !== 0) throw new RuntimeError("user-namespace", `${what}: ${stderr}`);
}
