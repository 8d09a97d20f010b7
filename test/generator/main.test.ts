import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { berthPath } from "../../src/generator/main.ts";
import { readTree } from "./golden-case.ts";

const ENTRY = join(import.meta.dir, "../../src/main.ts");
let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-generator-"));
  write(
    "in/app.container",
    "[Container]\nImage=registry.example/app:1\nNetwork=host\n[Install]\nWantedBy=default.target\n",
  );
  write("in/bad.container", "[Container]\nImage=registry.example/app:1\nNetwork=host\nImge=x\n");
});
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** Runs the generator as systemd does; `argv0` is the name it is called by. */
function run(
  args: readonly string[],
  env: Record<string, string>,
  argv0 = "/usr/lib/systemd/system-generators/berth-generator",
) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, ...args], {
    argv0,
    env,
    encoding: "utf8",
    cwd: "/",
  });
  return { status, stdout, stderr: stderr.replaceAll(/\[\d+\]/g, "[PID]") };
}

const inDirectory = (): Record<string, string> => ({ QUADLET_UNIT_DIRS: join(root, "in") });

test("writes to the first of the three directories, tells of errors, and fails", () => {
  const output = ["normal", "early", "late"].map((name) => join(root, "three", name));
  const { status, stdout, stderr } = run(output, inDirectory());
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toBe(
    'berth-generator[PID]: bad.container:4:1: error: unknown key "Imge" in [Container] (did you mean "Image"?)\n',
  );
  expect(Object.keys(readTree(join(root, "three")))).toEqual([
    "normal/app.service",
    "normal/bad.service",
    "normal/default.target.wants/app.service",
  ]);
});

test("units are for the manager that runs the generator", () => {
  const text = (name: string, env: Record<string, string>, argv0?: string): string => {
    run([join(root, name)], { ...inDirectory(), ...env }, argv0);
    return readFileSync(join(root, name, "app.service"), "utf8");
  };
  const user = "/usr/lib/systemd/user-generators/berth-generator";
  expect(text("system", {})).toContain("network-online.target");
  expect(text("by-name", {}, user)).not.toContain("network-online.target");
  expect(text("by-scope", { SYSTEMD_SCOPE: "user" })).not.toContain("network-online.target");
  expect(text("scope-first", { SYSTEMD_SCOPE: "system" }, user)).toContain("network-online.target");
});

test("run by the system's manager, it writes to the kernel's log", () => {
  const log = join(root, "kmsg");
  writeFileSync(log, "");
  const env = { ...inDirectory(), SYSTEMD_SCOPE: "system", PATH: process.env.PATH ?? "" };
  const script = 'mount --bind "$0" /dev/kmsg && exec -a berth-generator "$@"';
  const command = ["--mount", "bash", "-c", script, log, process.execPath, ENTRY, join(root, "kernel")];
  const { status, stderr } = spawnSync("unshare", command, { env, encoding: "utf8", cwd: "/" });
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  expect(readFileSync(log, "utf8")).toMatch(
    /^<3>berth-generator\[\d+\]: bad\.container:4:1: error: unknown key "Imge" in \[Container\] \(did you mean "Image"\?\)\n$/,
  );
});

test("without anything to do, nothing is done", () => {
  const output = join(root, "nothing");
  const { status, stderr } = run([output], { QUADLET_UNIT_DIRS: join(root, "missing") });
  expect({ status, stderr, tree: readTree(output) }).toEqual({ status: 0, stderr: "", tree: {} });
});

test("without an output directory there is an error", () => {
  const { status, stderr } = run([], inDirectory());
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "berth-generator[PID]: missing output directory argument\n",
  });
});

test("an output directory that cannot be written is an error", () => {
  write("file", "");
  const { status, stderr } = run([join(root, "file/out")], inDirectory());
  expect(status).toBe(1);
  expect(stderr).toContain("cannot write");
});

test("units call the command that is installed beside the generator", () => {
  expect(berthPath("/usr/local/bin/berth")).toBe("/usr/local/bin/berth");
  expect(berthPath("/opt/x/bin/anything")).toBe("/opt/x/bin/berth");
});
