import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import {
  findVolume,
  listVolumeNames,
  newVolume,
  readVolume,
  surveyVolumes,
  volumePaths,
  writeVolume,
} from "../../src/state/volume-record.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-volumes-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

/** A volume whose description is this. */
function put(content: unknown, name = "data"): void {
  const paths = volumePaths(scope, name);
  mkdirSync(paths.data, { recursive: true });
  writeFileSync(paths.description, typeof content === "string" ? content : JSON.stringify(content));
}

test("a description is read as it was written, and what a later berth adds is kept when it is written again", () => {
  put({ ...newVolume("data", "2026-01-01T00:00:00Z"), quota: 5 });
  const volume = readVolume(scope, "data");
  if (volume === undefined) throw new Error("not found");
  writeVolume(volumePaths(scope, "data"), { ...volume, uid: 7 });
  expect(readVolume(scope, "data")).toEqual({ ...volume, uid: 7 });
  expect(readVolume(scope, "data")).toMatchObject({ quota: 5, needsCopyUp: true });
});

test("what a description does not say is as in a new volume, and its name is that of its folder", () => {
  put({ driver: "local", name: "other" });
  expect(readVolume(scope, "data")).toEqual(newVolume("data", ""));
});

test.each([
  "{",
  "null",
  {},
  { driver: "nfs" },
  { driver: "local", name: 1 },
  { driver: "local", options: { type: 1 } },
  { driver: "local", options: [] },
  { driver: "local", labels: "a" },
  { driver: "local", uid: "0" },
  { driver: "local", gid: null, created: 1 },
  { driver: "local", needsCopyUp: "yes" },
  { driver: "local", needsOwner: 0 },
])("%j is a description that cannot be read", (content) => {
  put(content);
  const message = expect.stringMatching(
    /^the description of volume data cannot be read \(\/.*\/volume\.json; remove that file/,
  );
  const error = { code: "corrupt-record", message };
  expect(() => readVolume(scope, "data")).toThrow(expect.objectContaining(error));
});

test("a volume of a newer berth is not taken for another", () => {
  put({ version: 2, driver: "local" });
  const message = "volume data was made by a newer berth (record version 2): install that berth again, or a newer one";
  expect(() => readVolume(scope, "data")).toThrow(expect.objectContaining({ code: "newer-record", message }));
});

test("a volume is found by its name or a beginning that fits no other", () => {
  for (const name of ["data", "data-two", "logs"]) put(newVolume(name), name);
  expect(findVolume(scope, "data").name).toBe("data");
  expect(findVolume(scope, "l").name).toBe("logs");
  expect(() => findVolume(scope, "dat")).toThrow(
    expect.objectContaining({ code: "ambiguous", message: "volume dat may be data or data-two" }),
  );
  expect(() => findVolume(scope, "x")).toThrow(
    expect.objectContaining({ code: "no-such-volume", message: "no such volume: x" }),
  );
});

test("a description that cannot be read hides no volume beside it", () => {
  put(newVolume("data"));
  put(newVolume("logs"), "logs");
  mkdirSync(volumePaths(scope, "empty").dir);
  writeFileSync(volumePaths(scope, "data").description, "{");
  expect(surveyVolumes(scope)).toMatchObject({ records: [{ name: "logs" }], unread: [{ code: "corrupt-record" }] });
  expect(listVolumeNames(scope)).toEqual(["data", "logs"]);
  put({ version: 2, driver: "local" });
  expect(surveyVolumes(scope)).toMatchObject({ records: [{ name: "logs" }], unread: [{ code: "newer-record" }] });
});
