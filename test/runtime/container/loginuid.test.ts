import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordCaller, resolveLoginuid, takeCaller } from "../../../src/runtime/container/loginuid.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { callersDir } from "../../../src/state/paths.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\nbroken:x\n";

/** Another process that asks for a start of app.service, and ends. */
const ASK = `
  const [source, root] = process.argv.slice(1);
  const { recordCaller } = await import(source + "/src/runtime/container/loginuid.ts");
  const { systemScope } = await import(source + "/src/scope.ts");
  recordCaller(systemScope(root), "app.service", 1000);`;

describe("LoginUID=", () => {
  test("takes a user of the host's, or a uid with or without one", () => {
    expect(resolveLoginuid("alice", PASSWD)).toBe(1000);
    expect(resolveLoginuid("root", PASSWD)).toBe(0);
    expect(resolveLoginuid("4321", PASSWD)).toBe(4321);
    expect(resolveLoginuid("4294967294", PASSWD)).toBe(4294967294);
  });

  test.each(["bob", "ali", "alice:", "broken", "", "-1", "4294967295", "99999999999"])("refuses %j", (value) => {
    expect(() => resolveLoginuid(value, PASSWD)).toThrow(expect.objectContaining({ code: "loginuid" }));
  });
});

describe("who asked for a start", () => {
  let root: string;
  let scope: Scope;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "berth-callers-"));
    scope = systemScope(root);
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const note = (unit: string, uid: number) => recordCaller(scope, unit, uid);

  test("is told once, and only for that unit", () => {
    note("app.service", 1000);
    expect(takeCaller(scope, "other.service")).toBeUndefined();
    expect(takeCaller(scope, "app.service")).toBe(1000);
    expect(takeCaller(scope, "app.service")).toBeUndefined();
    expect(readdirSync(callersDir(scope))).toEqual([]);
  });

  test("is the last who asked", () => {
    note("app.service", 1000);
    note("app.service", 0);
    expect(takeCaller(scope, "app.service")).toBe(0);
  });

  test("is kept where only the owner can write", () => {
    note("app.service", 1000);
    expect(statSync(callersDir(scope)).mode & 0o777).toBe(0o700);
    expect(statSync(join(callersDir(scope), "app.service")).mode & 0o777).toBe(0o600);
  });

  test("is nobody once who asked does not wait for the start any more", () => {
    const asking = Bun.spawnSync([process.execPath, "-e", ASK, join(import.meta.dir, "../../.."), root]);
    expect(asking.exitCode).toBe(0);
    expect(readdirSync(callersDir(scope))).toEqual(["app.service"]);
    expect(takeCaller(scope, "app.service")).toBeUndefined();
    expect(readdirSync(callersDir(scope))).toEqual([]);
  });

  test.each(["mkdir", "mkfifo", "truncate -s 3G"])(
    "is nobody, and no start waits, where %s made the note",
    (command) => {
      note("app.service", 1000);
      const path = join(callersDir(scope), "app.service");
      rmSync(path);
      execFileSync("sh", ["-c", `${command} ${path}`]);
      expect(takeCaller(scope, "app.service")).toBeUndefined();
      expect(readdirSync(callersDir(scope))).toEqual([]);
    },
  );

  test.each(["", " ", "alice", "1.5", "1000", "1000 1 1"])("is nobody where the note says %j", (text) => {
    note("app.service", 1000);
    writeFileSync(join(callersDir(scope), "app.service"), text);
    expect(takeCaller(scope, "app.service")).toBeUndefined();
  });
});
