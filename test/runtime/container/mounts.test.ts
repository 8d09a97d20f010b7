import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MountRequest } from "../../../src/options/requests/run-request.ts";
import { resolveMounts } from "../../../src/runtime/container/mounts.ts";
import { bindMount } from "../../../src/runtime/mount/bind-mount.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { containerPaths } from "../../../src/state/paths.ts";

/** Volumes keep owners, so only root can make them. */
const rootTest = process.getuid?.() === 0 ? test : test.skip;
const USER = { uid: 1000, gid: 44, groups: [44], home: "/" };

let top: string;
let scope: Scope;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-mounts-"));
  scope = { ...systemScope(), stateDir: join(top, "state"), runtimeDir: join(top, "run") };
  mkdirSync(rootfs(), { recursive: true });
});
afterEach(() => rmSync(top, { recursive: true }));

const paths = () => containerPaths(scope, "id");
const rootfs = () => paths().rootfs;
const resolved = (requests: readonly MountRequest[], implied: readonly string[] = []) =>
  resolveMounts(
    { scope, paths: paths(), user: USER, inUserNamespace: false, images: new Map(), status: () => {} },
    requests,
    implied,
  );
const volume = (target: string, options: readonly string[] = []): MountRequest => ({
  type: "volume",
  name: "data",
  target,
  options,
});
const data = () => join(top, "state/volumes/data/_data");
const owner = (path: string) => {
  const { uid, gid, mode } = statSync(path);
  return [uid, gid, mode & 0o7777];
};

test("a volume whose place is refused is not made, wherever the place is found out", () => {
  symlinkSync("/dev", join(rootfs(), "devices"));
  for (const target of ["/dev/null", "/proc", "/devices/null", "/devices"])
    expect(() => resolved([volume("/fine"), volume(target)])).toThrow("nothing but the host's own");
  expect(existsSync(join(top, "state"))).toBe(false);
});

describe("bind mounts", () => {
  test.each([
    [[], ["rbind", "rprivate"]],
    [
      ["ro", "noexec"],
      ["rbind", "rprivate", "ro", "noexec"],
    ],
    [["bind"], ["bind", "rprivate"]],
    [["rshared"], ["rbind", "rshared"]],
    [
      ["z", "rw", "nocopy", "slave"],
      ["rbind", "slave"],
    ],
  ])("%p", (options, expected) => {
    expect(bindMount("/s", "/d", options)).toEqual({
      destination: "/d",
      type: "bind",
      source: "/s",
      options: expected,
    });
  });

  test("keep their source's flags when they get others", () => {
    const options = (source: string, ...asked: string[]) =>
      resolved([{ type: "bind", source, target: "/d", options: asked }])[0]?.options.slice(2);
    // Whatever this machine has mounted with such flags, where its name needs no unescaping.
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n").reverse();
    const fields = mounts.map((line) => line.split(" ")).filter(([, , , , path = ""]) => !path.includes("\\"));
    const [, , , , path = "", flags = ""] = fields.find((mount) => /nosuid|nodev|noexec/.test(mount[5] ?? "")) ?? [];
    const kept = ["nosuid", "nodev", "noexec"].filter((flag) => flags.split(",").includes(flag));
    expect(kept).not.toEqual([]);
    expect(options(path)).toEqual([]);
    expect(options(path, "rw", "z")).toEqual([]);
    expect(options(path, "ro")).toEqual([...kept, "ro"]);
    expect(options(path, "ro", "suid", "noexec")).toEqual([
      ...kept.filter((flag) => flag === "nodev"),
      "ro",
      "suid",
      "noexec",
    ]);
  });

  test("need something to mount", () => {
    const missing = join(top, "missing");
    expect(() => resolved([{ type: "bind", source: missing, target: "/d", options: [] }])).toThrow(
      `mount /d: ${missing} does not exist on the host`,
    );
  });
});

test.each([
  [[], ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"]],
  [
    ["size=1m", "mode=700"],
    ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup", "size=1m", "mode=700"],
  ],
  [
    ["ro", "suid", "notmpcopyup"],
    ["rprivate", "nodev", "ro", "suid"],
  ],
])("tmpfs options: %p", (options, expected) => {
  const [mount] = resolved([{ type: "tmpfs", target: "/t", options }]);
  expect(mount).toEqual({ destination: "/t", type: "tmpfs", source: "tmpfs", options: expected });
});

describe("volumes", () => {
  rootTest("get what the image has, with owners and modes, once", () => {
    mkdirSync(join(rootfs(), "srv"));
    writeFileSync(join(rootfs(), "srv/file"), "from the image");
    chownSync(join(rootfs(), "srv/file"), 7, 8);
    chownSync(join(rootfs(), "srv"), 5, 6);
    chmodSync(join(rootfs(), "srv"), 0o1770);
    const [mount] = resolved([volume("/srv")]);
    expect(mount).toEqual({
      destination: "/srv",
      type: "bind",
      source: data(),
      options: ["rbind", "rprivate", "nosuid", "nodev"],
    });
    expect(owner(data())).toEqual([5, 6, 0o1770]);
    expect(owner(join(data(), "file")).slice(0, 2)).toEqual([7, 8]);
    expect(readFileSync(join(data(), "file"), "utf8")).toBe("from the image");
    rmSync(join(data(), "file"));
    resolved([volume("/srv")]);
    expect(readdirSync(data())).toEqual([]);
  });

  rootTest("are not covered by the image's own volume for the same place, however that is written", () => {
    expect(resolved([volume("/srv")], ["/srv/", "//srv", "srv"])).toHaveLength(1);
    expect(resolved([volume("/srv")], ["/srv/more/"]).map(({ destination }) => destination)).toEqual([
      "/srv",
      "/srv/more",
    ]);
  });

  rootTest("are out of other users' reach", () => {
    resolved([volume("/new")]);
    expect(owner(join(top, "state/volumes/data"))[2]).toBe(0o700);
  });

  rootTest("are the user's where the image has nothing", () => {
    resolved([volume("/new")]);
    expect(owner(data())).toEqual([1000, 44, 0o755]);
  });

  rootTest("get the owner, but not the files, with nocopy", () => {
    mkdirSync(join(rootfs(), "srv"));
    writeFileSync(join(rootfs(), "srv/file"), "");
    chownSync(join(rootfs(), "srv"), 5, 6);
    resolved([volume("/srv", ["nocopy", "exec", "dev"])]);
    expect(owner(data()).slice(0, 2)).toEqual([5, 6]);
    expect(readdirSync(data())).toEqual([]);
  });

  rootTest("are not filled from outside the image by its links", () => {
    mkdirSync(join(top, "secret"));
    writeFileSync(join(top, "secret/file"), "");
    symlinkSync(join(top, "secret"), join(rootfs(), "srv"));
    resolved([volume("/srv")]);
    expect(readdirSync(data())).toEqual([]);
    expect(owner(data()).slice(0, 2)).toEqual([1000, 44]);
  });

  rootTest("that were cut off while they were filled are begun anew", () => {
    mkdirSync(`${data()}.new`, { recursive: true });
    writeFileSync(join(`${data()}.new`, "half"), "");
    resolved([volume("/srv")]);
    expect(readdirSync(data())).toEqual([]);
    expect(existsSync(`${data()}.new`)).toBe(false);
  });

  rootTest("are made for the image's VOLUMEs that nothing is mounted on", () => {
    const mounts = resolved([{ type: "tmpfs", target: "/a", options: [] }], ["/a", "/b"]);
    expect(mounts.map(({ destination, type }) => [destination, type])).toEqual([
      ["/a", "tmpfs"],
      ["/b", "bind"],
    ]);
    expect(mounts[1]?.source).toStartWith(join(top, "state/containers/id/volumes"));
    expect(mounts[1]?.options).toEqual(expect.arrayContaining(["nosuid", "nodev"]));
  });
});
