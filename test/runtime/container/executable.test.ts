import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkExecutable } from "../../../src/runtime/container/executable.ts";
import { toRuntimeSpec } from "../../../src/runtime/spec/oci-config.ts";
import type { SpecMount } from "../../../src/runtime/spec/runtime-spec.ts";
import { IMAGE, REQUEST } from "../request.ts";

let top: string;
let rootfs: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-executable-"));
  rootfs = join(top, "rootfs");
  for (const folder of ["bin", "srv"]) mkdirSync(join(rootfs, folder), { recursive: true });
  for (const path of [join(top, "outside"), join(rootfs, "bin/app"), join(rootfs, "srv/tool")]) {
    writeFileSync(path, "");
    chmodSync(path, 0o755);
  }
  writeFileSync(join(rootfs, "bin/data"), "", { mode: 0o644 });
  symlinkSync("/bin/app", join(rootfs, "bin/link"));
  symlinkSync("../../outside", join(rootfs, "bin/escape"));
});
afterEach(() => rmSync(top, { recursive: true }));

/** Checks `program`, which is found by PATH in /none and /bin, and run in /srv. */
function check(program: string, mounts: readonly SpecMount[] = []): void {
  const spec = toRuntimeSpec({
    request: { ...REQUEST, entrypoint: [program], workdir: "/srv" },
    image: IMAGE,
    user: { uid: 0, gid: 0, groups: [], home: "/root" },
    bounding: [],
    environment: ["PATH=/none:/bin"],
    hostname: "box",
    rootfs,
    mounts: [],
    cgroupsPath: "/unit/container",
    networkNamespace: "",
    userNamespace: undefined,
    traits: { needsMapsOfJoinedNamespace: true },
    joined: {},
    seccomp: undefined,
    inUserNamespace: false,
    hardLimits: { nofile: 1024, nproc: 1024 },
    poststop: undefined,
  });
  checkExecutable({ ...spec, mounts: [...mounts] });
}

describe("a foreground run's program", () => {
  test.each(["app", "/bin/app", "link", "./tool", "../bin/app"])("is found: %s", (program) => {
    check(program);
  });

  test.each(["nosuch", "/nosuch", "./app", "tool", "escape"])("is not found: %j", (program) => {
    expect(() => check(program)).toThrow(expect.objectContaining({ code: "command-not-found" }));
  });

  test.each(["data", "/bin/data", "/bin", "."])("cannot be executed: %s", (program) => {
    expect(() => check(program)).toThrow(expect.objectContaining({ code: "command-not-executable" }));
  });

  test("may come with a mount, which is not looked into", () => {
    const mount = (destination: string): SpecMount => ({ destination, type: "bind", source: "/s", options: [] });
    check("/opt/app", [mount("/opt")]);
    check("/bin/data", [mount("/bin/data")]);
    expect(() => check("/optional", [mount("/opt")])).toThrow(expect.objectContaining({ code: "command-not-found" }));
  });
});
