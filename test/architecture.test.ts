import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  checkComments,
  checkEdges,
  checkFolders,
  checkImports,
  checkLasting,
  checkLibraries,
  checkLongFunctions,
  checkRuntimeNames,
  checkTestFolders,
  type Exception,
  type Files,
  readPage,
} from "./architecture-rules.ts";

const ROOT = join(import.meta.dir, "..");

/** Imports that the table of rooms does not have. */
const IMPORTS: readonly Exception[] = [];

/** Folders with more files than others may have. */
const FOLDERS: readonly Exception[] = [];

/** Files that name the OCI runtime. */
const RUNTIME_NAMES: readonly Exception[] = [
  ["src/generator/making/environment.ts", "runc", "the reason, for people, why a variable is not passed on"],
  ["src/manual/command-page.ts", "runc(8)", "the manual refers to its page"],
  ["src/manual/settings-page.ts", "runc, crun", "the manual says what people may write"],
  ["src/oci-runtimes.ts", "runc, crun", "the names by which people choose"],
  ["src/setup/requirements.ts", "runc, crun", "setup says what the other one saves"],
  ["src/system/programs.ts", "runc", "the package that a message names when the program is missing"],
];

/** Folders of tests that no folder of src/ is the model of. */
const TEST_FOLDERS: readonly Exception[] = [
  ["test/image/support", "", "registries, archives and images that tests of several folders are made of"],
];

const files = readFiles();
const page = readPage(files.get("docs/architecture.md") ?? "");

type Check = (files: Files) => string[];

/** What a check finds more, if there is this file as well, or in place of the one with its path. */
function found(check: Check, path: string, text: string): string[] {
  const before = check(files);
  return check(new Map([...files, [path, text]])).filter((line) => !before.includes(line));
}

function readFiles(): Files {
  const glob = new Bun.Glob("{src,test,units,scripts,docs,.ci}/**");
  const paths = [...glob.scanSync({ cwd: ROOT, dot: true })].filter((path) => !/^test\/(golden|fixtures)\//.test(path));
  return new Map([...paths, "package.json"].map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

const imports: Check = (all) => checkImports(all, page, IMPORTS);
const edges: Check = (all) => checkEdges(all, page);
const runtimeNames: Check = (all) => checkRuntimeNames(all, RUNTIME_NAMES);
const testFolders: Check = (all) => checkTestFolders(all, TEST_FOLDERS);

test("rooms import only what docs/architecture.md says", () => {
  expect(imports(files)).toEqual([]);
});

test("an import of a room above, of the generator by the runtime, and a room without a row are found", () => {
  const upwards = "src/image/planted.ts: imports src/runtime/planted.ts, and image may not import runtime";
  for (const text of [
    'import type { A } from "../runtime/planted.ts";\n',
    'const a = await import("../runtime/planted.ts");\n',
    'export {\n  a,\n  b,\n} from "../runtime/planted.ts";\n',
    'import "../runtime/planted.ts";\n',
  ])
    expect(found(imports, "src/image/planted.ts", text)).toEqual([upwards]);
  expect(found(imports, "src/image/planted.ts", '// import { a } from "../runtime/planted.ts";\n')).toEqual([]);
  expect(found(imports, "src/runtime/planted.ts", 'import { a } from "#generator";\n')).toEqual([
    "src/runtime/planted.ts: imports src/generator/main.ts, and runtime may not import generator",
  ]);
  expect(found(imports, "src/attic/planted.ts", "")).toEqual([
    "src/attic/planted.ts: docs/architecture.md has no row for the room attic",
  ]);
});

test("an exception that nothing needs is found, and a room that is not there", () => {
  const unused: Exception = ["src/unit/words.ts", "src/image/", "for the test"];
  expect(checkImports(files, page, [...IMPORTS, unused])).toContain(
    "test/architecture.test.ts: the exception of src/unit/words.ts (src/image/) is not needed",
  );
  expect(checkImports(files, { ...page, rooms: new Map([...page.rooms, ["attic", []]]) }, IMPORTS)).toContain(
    "docs/architecture.md: there is no room attic",
  );
});

test("no folder has more files than a person can look over", () => {
  expect(checkFolders(files, FOLDERS)).toEqual([]);
  expect(FOLDERS.length).toBeLessThanOrEqual(1);
  const more = Array.from({ length: 26 }, (_, n): [string, string] => [`src/tar/attic/${n}.ts`, ""]);
  expect(checkFolders(new Map([...files, ...more]), FOLDERS)).toEqual([
    "src/tar/attic/: 26 files, of which 25 are the limit",
  ]);
});

test("only the files that docs/architecture.md names touch the world outside", () => {
  expect(edges(files)).toEqual([]);
});

test("a kernel call, a child process, D-Bus and the network are found where the page does not name them", () => {
  for (const [edge, line] of [
    ["kernel calls", 'import { dlopen } from "bun:ffi";'],
    ["child processes", 'const child = Bun.spawnSync(["true"]);'],
    ["child processes", 'import { spawn } from "node:child_process";'],
    ["child processes", 'import { execa } from "execa";'],
    ["D-Bus", 'const bus = await import("dbus-next");'],
    ["network", 'import { request } from "undici/index.js";'],
    ["network", 'import { connect } from "node:net";'],
    ["network", 'import { get } from "node:https";'],
    ["network", 'const answer = await fetch("http://localhost/");'],
    ["network", 'await Bun.connect({ unix: "/run/a" });'],
  ] as const)
    expect(found(edges, "src/unit/planted.ts", `${line}\n`)).toEqual([
      `src/unit/planted.ts: touches ${edge}, and docs/architecture.md does not name it for that`,
    ]);
  expect(found(edges, "src/unit/planted.ts", 'import { isIP } from "node:net";\n')).toEqual([]);
  const named = new Map([...page.edges, ["D-Bus", ["unit/words.ts"]]]);
  expect(checkEdges(files, { ...page, edges: named })).toContain(
    "docs/architecture.md: src/unit/words.ts does not touch D-Bus",
  );
});

test("the OCI runtime is named in its room alone", () => {
  expect(runtimeNames(files)).toEqual([]);
});

test("the OCI runtime's name is found outside of its room", () => {
  for (const line of [
    'run("runc", ["delete"]);',
    "const root = runcRoot(scope);",
    "const { theRunc } = a;",
    'a("crun");',
  ])
    expect(found(runtimeNames, "src/runtime/pod/planted.ts", `${line}\n`)).toEqual([
      "src/runtime/pod/planted.ts: names the OCI runtime",
    ]);
  const harmless = "// As runc does it.\nconst trunc = truncate(run(c));\n";
  expect(found(runtimeNames, "src/runtime/pod/planted.ts", harmless)).toEqual([]);
});

test("what outsiders rely on stays", () => {
  expect(checkLasting(files)).toEqual([]);
  const moved = new Map([...files].filter(([path]) => !path.startsWith("src/unit/")));
  expect(checkLasting(moved)).toEqual(["src/unit/: is gone, and is relied on"]);
});

test("the libraries that are dependencies are used", () => {
  expect(checkLibraries(files)).toEqual([]);
  const manifest = files.get("package.json") ?? "";
  expect(found(checkLibraries, "package.json", manifest.replace('"execa"', '"ecexa"'))).toEqual([
    "package.json: execa is no dependency",
  ]);
  const unused = new Map([...files].map(([path, text]) => [path, text.replaceAll('"ini"', '"other"')]));
  expect(checkLibraries(unused.set("package.json", manifest))).toEqual(["src/: nothing imports ini"]);
});

test("comments fit the width of code", () => {
  expect(checkComments(files)).toEqual([]);
});

test("comments that are wider than code are found", () => {
  expect(checkComments(files)).toEqual([]);
  const long = "x".repeat(120);
  expect(found(checkComments, "src/unit/planted.ts", `\n// ${long}\n`)).toEqual([
    "src/unit/planted.ts:2: a comment of more than 120 columns",
  ]);
  expect(found(checkComments, "scripts/planted.sh", `# ${long}\n`)).toEqual([
    "scripts/planted.sh:1: a comment of more than 120 columns",
  ]);
});

test("folders of tests mirror the rooms", () => {
  expect(testFolders(files)).toEqual([]);
  expect(found(testFolders, "test/image/attic/planted.test.ts", "")).toEqual([
    "test/image/attic/: there is no src/image/attic/",
  ]);
});

test("few functions are long, each for a reason", () => {
  expect(checkLongFunctions(files)).toEqual([]);
  const ignore = "// biome-ignore lint/complexity/noExcessiveLinesPerFunction";
  expect(found(checkLongFunctions, "src/unit/planted.ts", `${ignore}: long\n`)).toEqual([
    "src/unit/planted.ts: a long function without a reason",
  ]);
  const nine = `${ignore}: one table of nine cases\n`.repeat(9);
  expect(found(checkLongFunctions, "src/unit/planted.ts", nine)[0]).toContain("src/unit/planted.ts");
});
