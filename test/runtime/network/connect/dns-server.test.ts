import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dnsServerDir, dropNames, removeLines, withLines } from "../../../../src/runtime/network/connect/dns-server.ts";
import { type Scope, systemScope } from "../../../../src/scope.ts";

const FILE = "192.0.2.1\npod 192.0.2.2  shop\na 192.0.2.2  web\nab 192.0.2.3  other\n";

test.each([
  ["added", ["b"], ["b 192.0.2.2  db"], `${FILE}b 192.0.2.2  db\n`],
  ["replaced", ["a"], ["a 192.0.2.2  www"], "192.0.2.1\npod 192.0.2.2  shop\nab 192.0.2.3  other\na 192.0.2.2  www\n"],
  ["removed", ["a"], [], "192.0.2.1\npod 192.0.2.2  shop\nab 192.0.2.3  other\n"],
] as [string, string[], string[], string][])(
  "a container's names are %s, and all others stay",
  (_, ids, lines, text) => {
    expect(withLines(FILE, ids, lines)).toBe(text);
  },
);

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-names-"));
  scope = systemScope(root);
  mkdirSync(dnsServerDir(scope), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

test.each(["net", "net%int"])("a container's names go from %s, while another has names there", (name) => {
  const file = join(dnsServerDir(scope), name);
  writeFileSync(file, FILE);
  for (const container of ["pod", "nobody", "ab"]) expect(removeLines(scope, "net", container)).toBe(true);
  const left = "192.0.2.1\na 192.0.2.2  web\n";
  expect(readFileSync(file, "utf8")).toBe(left);
  // The last one's are for netavark to remove, with the file.
  expect(removeLines(scope, "net", "a")).toBe(false);
  expect(readFileSync(file, "utf8")).toBe(left);
});

test("names of a network without a file are gone, and of one whose file is none, nobody knows", () => {
  expect(removeLines(scope, "net", "a")).toBe(true);
  mkdirSync(join(dnsServerDir(scope), "net"));
  expect(removeLines(scope, "net", "a")).toBe(false);
});

test("without netavark the last container's names go with the file", () => {
  const file = join(dnsServerDir(scope), "net%int");
  writeFileSync(file, FILE);
  writeFileSync(join(dnsServerDir(scope), "other"), "192.0.2.9\nx 192.0.2.10  x\n");
  for (const container of ["pod", "nobody", "ab"]) dropNames(scope, ["net"], container);
  expect(readFileSync(file, "utf8")).toBe("192.0.2.1\na 192.0.2.2  web\n");
  dropNames(scope, ["net"], "a");
  expect(readdirSync(dnsServerDir(scope))).toEqual(["other"]);
});
