import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkExecutable } from "../../../../src/runtime/container/program/executable.ts";
import { toRuntimeSpec } from "../../../../src/runtime/spec/oci-config.ts";
import type { SpecMount } from "../../../../src/runtime/spec/runtime-spec.ts";
import { IMAGE, REQUEST } from "../../request.ts";

let top: string;
let rootfs: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-executable-"));
  rootfs = join(top, "rootfs");
  for (const folder of ["bin", "srv"]) mkdirSync(join(rootfs, folder), { recursive: true });
  for (const path of [join(top, "outside"), join(rootfs, "bin/app"), join(rootfs, "srv/tool")]) {
    writeFileSync(path, "#!/bin/sh\n");
    chmodSync(path, 0o755);
  }
  program("bin/sh", "");
  writeFileSync(join(rootfs, "bin/data"), "", { mode: 0o644 });
  symlinkSync("/bin/app", join(rootfs, "bin/link"));
  symlinkSync("../../outside", join(rootfs, "bin/escape"));
});
afterEach(() => rmSync(top, { recursive: true }));

function program(path: string, content: string | Buffer, mode = 0o755): void {
  writeFileSync(join(rootfs, path), content);
  chmodSync(join(rootfs, path), mode);
}

/** The headers of a program for a machine of elf(5), of 64 bits, with a dynamic linker or none. */
function elf(machine: number, linker = ""): Buffer {
  const bytes = Buffer.alloc(256);
  bytes.write("\x7fELF\x02\x01", "latin1");
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(linker === "" ? 0 : 1, 56);
  bytes.writeUInt32LE(3, 64);
  bytes.writeBigUInt64LE(128n, 72);
  bytes.writeBigUInt64LE(BigInt(linker.length + 1), 96);
  bytes.write(linker, 128);
  return bytes;
}

const MACHINE = process.arch === "arm64" ? 183 : 62;
const FOREIGN = 243;

/** Checks `program`, which is found by PATH in /none and /bin, and run in /srv. */
function check(program: string, mounts: readonly SpecMount[] = [], workdir = "/srv", uid?: number): void {
  const spec = toRuntimeSpec({
    request: { ...REQUEST, entrypoint: [program], workdir },
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
  checkExecutable({ ...spec, mounts: [...mounts] }, { uid });
}

describe("a foreground run's program", () => {
  test("is found where the image's links lead a mount", () => {
    symlinkSync("srv", join(rootfs, "lib"));
    const mounted = { type: "bind", source: join(top, "outside"), options: [] };
    check("/lib/new", [{ ...mounted, destination: "/lib/new" }]);
    check("/srv/new", [{ ...mounted, destination: "/lib/new" }]);
    check("/lib/new", [{ ...mounted, destination: "/srv/new" }]);
    symlinkSync("/not/there", join(rootfs, "far"));
    check("/far/new", [{ ...mounted, destination: "/far/new" }]);
  });

  test.each(["app", "/bin/app", "link", "./tool", "../bin/app"])("is found: %s", (program) => {
    check(program);
  });

  test.each(["nosuch", "/nosuch", "./app", "tool", "escape"])("is not found: %j", (program) => {
    expect(() => check(program)).toThrow(expect.objectContaining({ code: "command-not-found" }));
  });

  test.each(["data", "/bin/data", "/bin", "."])("cannot be executed: %s", (program) => {
    expect(() => check(program)).toThrow(expect.objectContaining({ code: "command-not-executable" }));
  });

  test.each<[string, string | Buffer, string]>([
    ["a script without a first line", "echo no\n", "neither a program for this machine nor a script"],
    ["nothing at all", "", "neither a program for this machine nor a script"],
    ["a program for another machine", elf(FOREIGN), "it is a program for riscv64, which this machine is not"],
    ["one for an unknown machine", elf(9999), "it is a program for machine 9999 of elf(5), which this machine is not"],
    ["a script of what is not executable", "#!/bin/data\n", 'its interpreter "/bin/data" cannot be executed'],
  ])("cannot be executed: %s", (_, content, why) => {
    program("bin/odd", content);
    expect(() => check("odd")).toThrow(expect.objectContaining({ code: "command-not-executable" }));
    expect(() => check("odd")).toThrow(why);
  });

  test.each<[string, string | Buffer, string]>([
    ["of a script", "#! /bin/nosuch -e\n", "/bin/nosuch"],
    ["of a script with a carriage return", "#!/bin/sh\r\n", "/bin/sh\\r"],
    ["of a program", elf(MACHINE, "/lib/ld-none.so"), "/lib/ld-none.so"],
  ])("lacks the interpreter %s", (_, content, interpreter) => {
    program("bin/odd", content);
    expect(() => check("odd")).toThrow(expect.objectContaining({ code: "command-not-found" }));
    expect(() => check("odd")).toThrow(`odd: its interpreter "${interpreter}" is not in the image`);
  });

  test.each<[string, string | Buffer]>([
    ["a static program", elf(MACHINE)],
    ["a dynamic program", elf(MACHINE, "/bin/sh")],
    ["a script with an interpreter relative to the working directory", "#!tool\n"],
    ["a script with options", "#!/bin/link -a -b\n"],
  ])("is %s", (_, content) => {
    program("bin/odd", content);
    check("odd");
  });

  test("may be its owner's alone", () => {
    program("bin/own", "#!/bin/sh\n", 0o700);
    check("own", [], "/srv", 0);
    check("own", [], "/srv");
    expect(() => check("own", [], "/srv", 4711)).toThrow("own: its mode lets its owner alone execute it, not uid 4711");
    // An access control list may let others.
    program("bin/own", "#!/bin/sh\n", 0o710);
    check("own", [], "/srv", 4711);
  });

  test("lies in a volume, behind links, and there noexec counts", () => {
    mkdirSync(join(top, "volume/below"), { recursive: true });
    for (const name of ["app", "below/app"]) {
      writeFileSync(join(top, "volume", name), "#!/bin/sh\n");
      chmodSync(join(top, "volume", name), 0o755);
    }
    symlinkSync("/v/below/../app", join(rootfs, "bin/far"));
    symlinkSync("below", join(top, "volume/next"));
    const volume = (...options: string[]): SpecMount[] => [
      { destination: "/v", type: "bind", source: join(top, "volume"), options },
    ];
    for (const path of ["/v/app", "far", "/v/next/app", "/v/nosuch/../app"]) {
      if (!path.includes("nosuch")) check(path, volume());
      const code = path.includes("nosuch") ? "command-not-found" : "command-not-executable";
      expect(() => check(path, volume("noexec"))).toThrow(expect.objectContaining({ code }));
    }
    check("/v/app", volume("noexec", "exec"));
    check("/t/app", [{ destination: "/t", type: "tmpfs", source: "tmpfs", options: ["noexec"] }]);
  });

  test("may come with a mount, which is not looked into", () => {
    const mount = (destination: string): SpecMount => ({ destination, type: "bind", source: "/s", options: [] });
    check("/opt/app", [mount("/opt")]);
    check("/bin/data", [mount("/bin/data")]);
    expect(() => check("/optional", [mount("/opt")])).toThrow(expect.objectContaining({ code: "command-not-found" }));
  });
});

test("a working directory is a folder, or made", () => {
  for (const workdir of ["/", "/srv/none/below", "/proc/1"]) check("app", [], workdir);
  for (const workdir of ["/bin/app", "/bin/link", "/bin/app/below"]) {
    expect(() => check("app", [], workdir)).toThrow(expect.objectContaining({ code: "command-not-executable" }));
    expect(() => check("app", [], workdir)).toThrow(`working directory ${workdir}: `);
  }
});

test("links that lead in circles lead nowhere", () => {
  symlinkSync("round", join(rootfs, "bin/round"));
  expect(() => check("round")).toThrow(expect.objectContaining({ code: "command-not-found" }));
});
