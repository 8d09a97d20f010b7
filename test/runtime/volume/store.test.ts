import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVolume } from "../../../src/runtime/volume/create.ts";
import { deviceMount } from "../../../src/runtime/volume/mount-device.ts";
import { pruneVolumes, removeVolume, unusedVolumes } from "../../../src/runtime/volume/remove.ts";
import { sweepHalfFilled, sweepUnfinished } from "../../../src/runtime/volume/unfinished-folder.ts";
import { toVolume } from "../../../src/runtime/volume/volume-request.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { writeRecord } from "../../../src/state/container-record.ts";
import { findVolume, newVolume, readVolume, surveyVolumes } from "../../../src/state/volume-record.ts";
import { identify } from "../../../src/system/process-identity.ts";

/** Volumes have owners, so only root can make them all. */
const rootTest = process.getuid?.() === 0 ? test : test.skip;

let top: string;
let scope: Scope;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-volumes-"));
  scope = { ...systemScope(), stateDir: join(top, "state"), runtimeDir: join(top, "run") };
});
afterEach(() => rmSync(top, { recursive: true }));

const folder = (name = "") => join(top, "state/volumes", name);
const request = (more: object = {}) => ({ name: "data", driver: "local", options: [], labels: {}, ...more });

/** A container whose launcher is this very process, so that it counts as running. */
function use(volumes: readonly string[]): void {
  mkdirSync(join(top, "run/containers/id"), { recursive: true });
  const launcher = identify(process.pid);
  if (launcher === undefined) throw new Error("no /proc");
  writeRecord(scope, {
    id: "id",
    name: "web",
    unit: undefined,
    image: "",
    imageDigest: "",
    imageLayers: [],
    volumes,
    command: [],
    created: "",
    cgroup: "",
    launcher,
    network: { mode: "none" },
    addresses: {},
    ports: [],
    pod: undefined,
    labels: {},
    stopSignal: "TERM",
    stopTimeout: 10,
    runtime: "runc",
  });
}

describe("a volume", () => {
  rootTest("is there whole, with its owner, out of other users' reach", () => {
    const volume = toVolume(request({ uid: 7, gid: 8, labels: { a: "b" } }), "2026-01-01T00:00:00Z");
    expect(createVolume(scope, volume)).toBe(true);
    expect(readVolume(scope, "data")).toEqual({
      name: "data",
      driver: "local",
      options: {},
      labels: { a: "b" },
      uid: 7,
      gid: 8,
      created: "2026-01-01T00:00:00Z",
      needsCopyUp: true,
      needsOwner: false,
    });
    const { uid, gid, mode } = statSync(folder("data/_data"));
    expect([uid, gid, mode & 0o7777]).toEqual([7, 8, 0o755]);
    expect(statSync(folder("data")).mode & 0o777).toBe(0o700);
  });

  test("is made once, and not changed by a second request", () => {
    expect(createVolume(scope, newVolume("data"))).toBe(true);
    writeFileSync(folder("data/_data/file"), "");
    expect(createVolume(scope, { ...newVolume("data"), labels: { a: "b" } })).toBe(false);
    expect(readVolume(scope, "data")?.labels).toEqual({});
    expect(readdirSync(folder())).toEqual(["data"]);
  });

  test("is not there at all when it cannot be filled", () => {
    const fill = (data: string) => {
      writeFileSync(join(data, "half"), "");
      throw new Error("no space left");
    };
    expect(() => createVolume(scope, newVolume("data"), fill)).toThrow("no space left");
    expect(readdirSync(folder())).toEqual([]);
  });

  test("of an older berth, without a description, is one that has been filled", () => {
    mkdirSync(folder("old/_data"), { recursive: true });
    expect(readVolume(scope, "old")).toMatchObject({ driver: "local", needsCopyUp: false, needsOwner: false });
    expect(createVolume(scope, newVolume("old"))).toBe(false);
  });

  test("is found by what only its name begins with", () => {
    for (const name of ["data", "data2", "other"]) createVolume(scope, newVolume(name));
    expect(findVolume(scope, "data").name).toBe("data");
    expect(findVolume(scope, "oth").name).toBe("other");
    expect(() => findVolume(scope, "dat")).toThrow("volume dat may be data or data2");
    expect(() => findVolume(scope, "nope")).toThrow("no such volume: nope");
    expect(() => findVolume(scope, "../data")).toThrow("no such volume");
  });
});

describe("removing", () => {
  test("takes the volume and nothing else", () => {
    for (const name of ["data", "other"]) createVolume(scope, newVolume(name));
    removeVolume(scope, "data");
    expect(readdirSync(folder())).toEqual(["other"]);
    expect(() => removeVolume(scope, "data")).toThrow("no such volume: data");
  });

  test("a volume in use is refused, and prune leaves it", () => {
    for (const name of ["data", "other"]) createVolume(scope, newVolume(name));
    use(["data"]);
    expect(() => removeVolume(scope, "data")).toThrow("volume data is in use by web");
    expect(unusedVolumes(scope, surveyVolumes(scope).records).map(({ name }) => name)).toEqual(["other"]);
    expect(pruneVolumes(scope, surveyVolumes(scope).records)).toEqual(["other"]);
    expect(readdirSync(folder())).toEqual(["data"]);
  });

  test("takes a volume with a damaged description by its name, but none of a newer berth", () => {
    for (const name of ["data", "later"]) createVolume(scope, newVolume(name));
    writeFileSync(folder("data/volume.json"), "{");
    writeFileSync(folder("later/volume.json"), '{"version":2}');
    removeVolume(scope, "data");
    expect(() => removeVolume(scope, "later")).toThrow("volume later was made by a newer berth");
    expect(readdirSync(folder())).toEqual(["later"]);
  });

  test("the damaged description alone leaves a local volume with its data", () => {
    createVolume(scope, newVolume("data"));
    writeFileSync(folder("data/_data/file"), "");
    writeFileSync(folder("data/volume.json"), "");
    expect(() => readVolume(scope, "data")).toThrow("volume.json; remove that file");
    rmSync(folder("data/volume.json"));
    expect(readVolume(scope, "data")).toMatchObject({ driver: "local", needsCopyUp: false });
    expect(existsSync(folder("data/_data/file"))).toBe(true);
  });

  test("is refused where a record cannot be read", () => {
    createVolume(scope, newVolume("data"));
    mkdirSync(join(top, "run/containers/id"), { recursive: true });
    writeFileSync(join(top, "run/containers/id/record.json"), "{");
    expect(() => removeVolume(scope, "data")).toThrow("the record of container id cannot be read");
    expect(existsSync(folder("data"))).toBe(true);
  });

  test("that was cut off, and a volume that never was complete, are swept away", () => {
    mkdirSync(folder(".gone-abc/data/_data"), { recursive: true });
    mkdirSync(folder(".new-abc/_data"), { recursive: true });
    expect(surveyVolumes(scope).records).toEqual([]);
    // Not by who makes another volume, for whom it would take long.
    createVolume(scope, newVolume("data"));
    expect(readdirSync(folder()).sort()).toEqual([".gone-abc", ".new-abc", "data"]);
    sweepUnfinished(scope);
    expect(readdirSync(folder())).toEqual(["data"]);
    mkdirSync(folder("data/_data.new/half"), { recursive: true });
    sweepHalfFilled(scope);
    expect(readdirSync(folder("data")).sort()).toEqual(["_data", "volume.json"]);
  });
});

describe("options", () => {
  test.each([
    [{ name: "../x" }, "is not the name of a volume"],
    [{ driver: "nfs" }, "volume driver nfs is not supported: local or image"],
    [{ options: ["color=red"] }, '"color" is not an option of a volume with driver local'],
    [{ driver: "image" }, "driver image needs an image"],
    [{ driver: "image", options: ["type=tmpfs"] }, '"type" is not an option of a volume with driver image'],
    [{ options: ["o=uid=root"] }, '"root" is not a number'],
    [{ options: ["o=size=1m"] }, "quotas are not supported yet"],
    [{ options: ["o=noexec"] }, "mount options need a type or a device"],
    [{ options: ["type=bind", "device=/not/there"] }, "/not/there does not exist"],
    [{ options: ["type=bind", "device=tmpfs"] }, "needs the path of a folder"],
  ])("%p are refused", (more, message) => {
    expect(() => toVolume(request(more))).toThrow(message);
  });

  test.each([
    [[], undefined],
    [["o=uid=3,gid=4"], undefined],
    [["type=tmpfs", "o=size=1m,uid=3"], { type: "tmpfs", device: "tmpfs", options: ["size=1m", "uid=3"] }],
    [["type=tmpfs", "device=tmpfs"], { type: "tmpfs", device: "tmpfs", options: [] }],
    [["type=bind", "device=/", "o=uid=3,ro"], { type: "none", device: "/", options: ["rbind", "ro"] }],
    [["type=none", "device=/", "o=bind"], { type: "none", device: "/", options: ["bind"] }],
    [
      ["type=nfs", "device=server:/x", "o=addr=192.0.2.1,rw"],
      { type: "nfs", device: "server:/x", options: ["addr=192.0.2.1", "rw"] },
    ],
  ])("%p are mounted as %p", (options, expected) => {
    expect(deviceMount(toVolume(request({ options })))).toEqual(expected);
  });

  test("o= also tells the owner, unless that is given", () => {
    expect(toVolume(request({ options: ["o=uid=3,gid=4"] }))).toMatchObject({ uid: 3, gid: 4, needsOwner: false });
    expect(toVolume(request({ options: ["o=uid=3"], uid: 5 }))).toMatchObject({ uid: 5, gid: 0 });
  });
});
