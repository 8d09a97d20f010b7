import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaseIds, releaseIds, takeSpans } from "../../../src/runtime/user-namespace/id-leases.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { containerPaths, idLeasesDir } from "../../../src/state/paths.ts";

let root = "";
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "leases-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const AVAILABLE = { uid: [{ start: 1000, size: 100 }], gid: [{ start: 5000, size: 100 }] };

/** A container that has been begun: its bundle is there. */
function begin(id: string): string {
  mkdirSync(containerPaths(scope, id).bundle, { recursive: true });
  return id;
}

test("the first ids in a row that nobody has are taken, or else the first ones", () => {
  const available = [
    { start: 100, size: 50 },
    { start: 500, size: 20 },
  ];
  const taken = [
    { start: 110, size: 10 },
    { start: 140, size: 5 },
  ];
  expect(takeSpans(available, taken, 10)).toEqual([{ start: 100, size: 10 }]);
  expect(takeSpans(available, taken, 15)).toEqual([{ start: 120, size: 15 }]);
  expect(takeSpans(available, taken, 40)).toEqual([
    { start: 100, size: 10 },
    { start: 120, size: 20 },
    { start: 145, size: 5 },
    { start: 500, size: 5 },
  ]);
  expect(takeSpans(available, taken, 56)).toBeUndefined();
});

test("what is given back, and what a container that is gone has had, is taken again", () => {
  const [a, b, c] = ["a".repeat(32), "b".repeat(32), "c".repeat(32)];
  expect(leaseIds(scope, begin(a), 40, AVAILABLE).uid).toEqual([{ start: 1000, size: 40 }]);
  expect(leaseIds(scope, begin(b), 40, AVAILABLE)).toEqual({
    uid: [{ start: 1040, size: 40 }],
    gid: [{ start: 5040, size: 40 }],
  });
  expect(() => leaseIds(scope, begin(c), 40, AVAILABLE)).toThrow(
    "no 40 subordinate uids are left: 2 containers have theirs out of 100",
  );
  expect(readdirSync(idLeasesDir(scope))).toEqual([a, b]);
  releaseIds(scope, a);
  releaseIds(scope, a);
  expect(leaseIds(scope, c, 30, AVAILABLE).uid).toEqual([{ start: 1000, size: 30 }]);
  rmSync(containerPaths(scope, b).bundle, { recursive: true });
  expect(leaseIds(scope, begin(a), 70, AVAILABLE).uid).toEqual([{ start: 1030, size: 70 }]);
});

test("a lease that was cut off in the middle is in nobody's way", () => {
  mkdirSync(idLeasesDir(scope), { recursive: true });
  const id = begin("d".repeat(32));
  writeFileSync(join(idLeasesDir(scope), `${id}.77.new`), '{"uid":[{"sta');
  expect(leaseIds(scope, id, 100, AVAILABLE).gid).toEqual([{ start: 5000, size: 100 }]);
});

test("of many processes that take ids at once no two get the same", async () => {
  const ids = Array.from({ length: 24 }, (_, index) => begin(index.toString(16).padStart(32, "0")));
  const script = `
    import { leaseIds } from ${JSON.stringify(join(import.meta.dir, "../../../src/runtime/user-namespace/id-leases.ts"))};
    import { systemScope } from ${JSON.stringify(join(import.meta.dir, "../../../src/scope.ts"))};
    const [root, ...ids] = process.argv.slice(-7);
    const available = { uid: [{ start: 1000, size: 240 }], gid: [{ start: 5000, size: 240 }] };
    for (const id of ids) console.log(JSON.stringify(leaseIds(systemScope(root), id, 10, available)));
  `;
  const children = [0, 6, 12, 18].map((from) =>
    Bun.spawn([process.execPath, "-e", script, root, ...ids.slice(from, from + 6)], { stderr: "inherit" }),
  );
  const outputs = await Promise.all(children.map((child) => child.stdout.text()));
  const starts = outputs
    .join("")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { uid: { start: number; size: number }[] }).uid);
  expect(starts.flat().map(({ size }) => size)).toEqual(Array(24).fill(10));
  const firsts = starts.flat().map(({ start }) => start);
  expect(firsts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, index) => 1000 + 10 * index));
});

test("ids of a lease that cannot be read are not handed out, be it a newer berth's or damaged", () => {
  leaseIds(scope, begin("a".repeat(32)), 40, AVAILABLE);
  writeFileSync(join(idLeasesDir(scope), begin("b".repeat(32))), JSON.stringify({ uid: [{ start: "0" }], gid: [] }));
  expect(() => leaseIds(scope, begin("c".repeat(32)), 10, AVAILABLE)).toThrow("; restart its container)");
  writeFileSync(join(idLeasesDir(scope), "b".repeat(32)), JSON.stringify({ version: 2 }));
  expect(() => leaseIds(scope, begin("d".repeat(32)), 10, AVAILABLE)).toThrow("was made by a newer berth");
});
