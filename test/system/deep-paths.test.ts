import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeepPaths, Folder, walkTree } from "../../src/system/deep-paths.ts";
import { removeTree } from "../../src/system/remove-tree.ts";
import { nestFolders } from "./nested.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "deep-paths-"));
});
afterAll(() => removeTree(folder));

/** The folder `depth` levels below a root. */
function below(depth: number): Folder {
  let at = new Folder("", undefined);
  for (let level = 0; level < depth; level++) at = new Folder("d", at);
  return at;
}

test("a file is reached however deep it is, in several trees at a time, with few open files", () => {
  const roots = ["one", "two"].map((name) => join(folder, name));
  for (const root of roots) nestFolders(root, 2000);
  const paths = new DeepPaths();
  const before = readdirSync("/proc/self/fd").length;
  for (const depth of [0, 1, 63, 64, 65, 1000, 2000, 3]) {
    const [one, two] = roots.map((root) => paths.of(Buffer.from(root), below(depth), `x\xff${depth}`));
    writeFileSync(one ?? "", "1");
    writeFileSync(two ?? "", "2");
  }
  expect(readdirSync("/proc/self/fd").length - before).toBeLessThanOrEqual(140);
  expect(readFileSync(paths.of(Buffer.from(roots[1] ?? ""), below(2000), "x\xff2000"), "utf8")).toBe("2");
  expect(readFileSync(Buffer.from(`${folder}/one/d/x\xff1`, "latin1"), "utf8")).toBe("1");
  paths.close();
  expect(readdirSync("/proc/self/fd").length).toBe(before);
}, 60_000);

test("a walk visits everything once, and follows no links", () => {
  const root = join(folder, "walked");
  nestFolders(join(root, "deep"), 1500);
  mkdirSync(join(root, "a/b"), { recursive: true });
  writeFileSync(join(root, "a/file"), "");
  symlinkSync(root, join(root, "a/link"));
  let [folders, others] = [0, 0];
  walkTree(Buffer.from(root), (_, stats) => {
    if (stats.isDirectory()) folders += 1;
    else others += 1;
  });
  expect({ folders, others }).toEqual({ folders: 1504, others: 2 });
}, 60_000);
