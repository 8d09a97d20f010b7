import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanUp, cleanUpStale } from "../../../src/runtime/container/cleanup.ts";
import { takeName } from "../../../src/runtime/container/container-name.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import {
  type ContainerRecord,
  listContainerIds,
  surveyRecords,
  writeRecord,
} from "../../../src/state/container-record.ts";
import { findContainer } from "../../../src/state/find-container.ts";
import { claimName, idOfName } from "../../../src/state/names.ts";
import { containerPaths, namesDir, trashDir } from "../../../src/state/paths.ts";
import { identify } from "../../../src/system/process-identity.ts";
import { containerRecord } from "../../state/records.ts";
import { REQUEST } from "../request.ts";

/** What is cleaned up is unmounted, which is root's to do. */
const rootTest = process.getuid?.() === 0 ? test : test.skip;
const ID = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";

/** A launcher that is interrupted between making its bundle and writing its record, then goes on, until it is ended. */
const LAUNCHER = `
  const [source, root, id] = process.argv.slice(1);
  const load = (name) => import(source + "/src/" + name + ".ts");
  const { containerRecord } = await import(source + "/test/state/records.ts");
  const { withStateLock } = await load("state/lock");
  const { systemScope } = await load("scope");
  const { containerPaths } = await load("state/paths");
  const { writeRecord } = await load("state/container-record");
  const { identify } = await load("system/process-identity");
  const { mkdirSync, writeSync } = await import("node:fs");
  const scope = systemScope(root);
  withStateLock(scope.stateDir, "shared", () => {
    mkdirSync(containerPaths(scope, id).bundle, { recursive: true });
    writeSync(1, "made");
    Bun.sleepSync(300);
    writeRecord(scope, containerRecord({ id, launcher: identify(process.pid) }));
  });
  await Bun.stdin.text();`;

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-cleanup-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

function record(id: string, launcher: ContainerRecord["launcher"] | undefined): void {
  mkdirSync(containerPaths(scope, id).bundle, { recursive: true });
  if (launcher === undefined) return;
  writeRecord(scope, containerRecord({ id, launcher }));
}
/** systemd's note that a unit runs, and in which invocation. */
function noteInvocation(unit: string, invocation: string): void {
  const units = join(root, "run/systemd/units");
  mkdirSync(units, { recursive: true });
  symlinkSync(invocation, join(units, `invocation:${unit}`));
}
const gone = { pid: process.pid, startTime: "0" };
function self(): ContainerRecord["launcher"] {
  return identify(process.pid) ?? gone;
}

describe("what is stale", () => {
  rootTest("is what has no launcher and no payload, on either side of a reboot", async () => {
    record(ID, gone);
    mkdirSync(containerPaths(scope, OTHER).layers, { recursive: true });
    claimName(scope, "web", ID);
    expect((await cleanUpStale(scope)).sort()).toEqual([ID, OTHER]);
    expect(existsSync(containerPaths(scope, ID).bundle)).toBe(false);
    expect(existsSync(containerPaths(scope, OTHER).layers)).toBe(false);
    expect(idOfName(scope, "web")).toBeUndefined();
    expect(await cleanUpStale(scope)).toEqual([]);
  });

  rootTest("is what has a record that cannot be read", async () => {
    record(ID, self());
    writeFileSync(containerPaths(scope, ID).record, "{");
    expect(surveyRecords(scope).records).toEqual([]);
    expect(await cleanUpStale(scope)).toEqual([ID]);
    expect(existsSync(containerPaths(scope, ID).bundle)).toBe(false);
  });

  rootTest.each([
    ["web.service", ID, "{"],
    ["web.service", ID, undefined],
    [`berth-${ID}.scope`, OTHER.replace("f", "a"), "null"],
  ])("is not what runs in %s, whatever has become of its record", async (unit, invocation, text) => {
    record(ID, gone);
    record(OTHER, gone);
    if (text === undefined) rmSync(containerPaths(scope, ID).bundle, { recursive: true });
    else writeFileSync(containerPaths(scope, ID).record, text);
    mkdirSync(containerPaths(scope, ID).layers, { recursive: true });
    claimName(scope, "web", ID);
    noteInvocation(unit, invocation);
    const cleaning = cleanUpStale(scope);
    if (text === undefined) expect(await cleaning).toEqual([OTHER]);
    else await expect(cleaning).rejects.toThrow(`container ${ID} runs, and its record cannot be read: restart ${unit}`);
    expect(existsSync(containerPaths(scope, ID).layers)).toBe(true);
    expect(existsSync(containerPaths(scope, OTHER).bundle)).toBe(false);
    const taking = takeName(scope, "web", OTHER, { ...REQUEST, unit: "other.service" });
    // The name went with the bundle.
    if (text === undefined) await taking;
    else await expect(taking).rejects.toMatchObject({ code: "corrupt-record" });
    rmSync(join(root, "run/systemd"), { recursive: true });
    expect(await cleanUpStale(scope)).toContain(ID);
    expect(existsSync(containerPaths(scope, ID).layers)).toBe(false);
  });

  rootTest("is cleaned up to the last one, whatever is damaged of the first", async () => {
    record(ID, gone);
    record(OTHER, gone);
    const connections = join(scope.runtimeDir, "network-setups");
    mkdirSync(connections);
    writeFileSync(join(connections, `${ID}.json`), "{");
    await expect(cleanUpStale(scope)).rejects.toMatchObject({ code: "corrupt-record" });
    expect(listContainerIds(scope)).toEqual([]);
    expect(await cleanUpStale(scope)).toEqual([]);
  });

  rootTest("is taken out of the way at once, and removed after that, however much it is", async () => {
    const { layers } = containerPaths(scope, ID);
    mkdirSync(layers, { recursive: true });
    for (let at = 0; at < 3000; at++) writeFileSync(join(layers, `${at}`), "");
    await cleanUp(scope, ID, "trash-only");
    expect(existsSync(layers)).toBe(false);
    expect(readdirSync(trashDir(scope))).toEqual([expect.stringContaining(`${ID}-`)]);
    expect(await cleanUpStale(scope)).toEqual([]);
    expect(existsSync(trashDir(scope))).toBe(false);
  });

  test("is not what a newer berth has started: all of it stays, and that is said where it is asked for", async () => {
    record(ID, gone);
    writeFileSync(containerPaths(scope, ID).record, JSON.stringify({ version: 2, name: "web" }));
    expect(await cleanUpStale(scope)).toEqual([]);
    await expect(cleanUp(scope, ID)).rejects.toThrow("container web was started by a newer berth (record version 2)");
    expect(existsSync(containerPaths(scope, ID).record)).toBe(true);
  });

  test("is not what is being started, however little there is of it yet", async () => {
    const launcher = Bun.spawn([process.execPath, "-e", LAUNCHER, join(import.meta.dir, "../../.."), root, ID], {
      stdin: "pipe",
      stdout: "pipe",
    });
    await launcher.stdout.getReader().read();
    expect(await cleanUpStale(scope)).toEqual([]);
    expect(existsSync(containerPaths(scope, ID).record)).toBe(true);
    launcher.stdin.end();
    await launcher.exited;
  });
});

describe("a container's name", () => {
  const request = (unit: string) => ({ ...REQUEST, unit });

  test("is not taken from one that is being started", async () => {
    record(ID, self());
    await takeName(scope, "web", ID, request("web.service"));
    record(OTHER, self());
    const taking = takeName(scope, "web", OTHER, request("other.service"));
    await expect(taking).rejects.toMatchObject({ code: "name-in-use" });
    expect(idOfName(scope, "web")).toBe(ID);
    expect(existsSync(containerPaths(scope, ID).record)).toBe(true);
  });

  rootTest("is free once nothing of its owner runs", async () => {
    record(ID, gone);
    claimName(scope, "web", ID);
    record(OTHER, self());
    await takeName(scope, "web", OTHER, request("other.service"));
    expect(idOfName(scope, "web")).toBe(OTHER);
  });

  test.each([".", "..", "x".repeat(300), "no/such"])("is none of %j", (word) => {
    mkdirSync(namesDir(scope), { recursive: true });
    symlinkSync(ID, join(namesDir(scope), "web"));
    expect(() => findContainer(scope, word)).toThrow(expect.objectContaining({ code: "no-such-container" }));
  });
});
