import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRequest } from "../../../src/options/requests/run-request.ts";
import { START_STEPS } from "../../../src/runtime/container/start-steps.ts";
import { runSteps } from "../../../src/runtime/steps.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { readRecord } from "../../../src/state/container-record.ts";
import { idOfName } from "../../../src/state/names.ts";
import { containerPaths } from "../../../src/state/paths.ts";
import { runningUnit } from "../../../src/state/running-units.ts";
import { ID, startOf } from "../start.ts";

/** What is cleaned up is unmounted, which is root's to do. */
const rootTest = process.getuid?.() === 0 ? test : test.skip;
/** Refused when the network is opened: by then there is a bundle, a record and a name. */
const REFUSED: Partial<RunRequest> = {
  network: { mode: "host" },
  ports: [{ hostIp: "", hostPort: 80, containerPort: 80, range: 1, protocol: "tcp" }],
};

let root: string;
let scope: Scope;
let umask: number;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-start-"));
  scope = systemScope(root);
  umask = process.umask();
});
afterEach(() => {
  process.umask(umask);
  rmSync(root, { recursive: true });
});

describe("a start that fails", () => {
  rootTest("leaves nothing behind in a shell", async () => {
    const failing = runSteps(START_STEPS, startOf(scope, { ...REFUSED, unit: undefined }));
    await expect(failing).rejects.toMatchObject({ code: "bad-request" });
    expect(existsSync(containerPaths(scope, ID).bundle)).toBe(false);
    expect(idOfName(scope, "app")).toBeUndefined();
    expect(readdirSync(join(scope.runtimeDir, "containers"))).toEqual([]);
  });

  test("leaves to the unit's ExecStopPost= what that finds by the record", async () => {
    await expect(runSteps(START_STEPS, startOf(scope, REFUSED))).rejects.toMatchObject({ code: "bad-request" });
    expect(readRecord(scope, ID)).toMatchObject({ id: ID, name: "app", unit: "app.service", addresses: {} });
    expect(idOfName(scope, "app")).toBe(ID);
    expect(runningUnit(scope, "app.service")).toEqual({ kind: "container", id: ID, stopTimeout: 10, stopSignal: 15 });
  });

  rootTest("gives the name free for the next one", async () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const failing = runSteps(START_STEPS, startOf(scope, { ...REFUSED, unit: undefined }));
      await expect(failing).rejects.toMatchObject({ code: "bad-request" });
    }
  });
});
