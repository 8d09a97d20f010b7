import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ENTRY = join(import.meta.dir, "../../src/main.ts");
let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-setup-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function setup(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, "setup", "--root", root, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Everything below the root that is not a folder. */
function files(): string[] {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return names.filter((name) => !lstatSync(join(root, name)).isDirectory()).sort();
}

test("installs the program, generators, units, manual pages and completion", () => {
  expect(setup()).toMatchObject({ status: 0, stderr: "" });
  const at = (path: string) => join(root, "usr/local", path);
  expect(statSync(at("bin/berth")).mode & 0o777).toBe(0o755);
  for (const kind of ["system", "user"])
    expect(realpathSync(at(`lib/systemd/${kind}-generators/berth-generator`))).toBe(realpathSync(at("bin/berth")));
  expect(readFileSync(at("lib/systemd/system/berth-rescan.service"), "utf8")).toContain(
    "\nExecStart=/usr/local/bin/berth rescan\n",
  );
  expect(readlinkSync(at("lib/systemd/system/multi-user.target.wants/berth-cleanup.service"))).toBe(
    "../berth-cleanup.service",
  );
  for (const page of ["man1/berth.1", "man1/berth-run.1", "man5/berth.unit.5", "man8/berth-generator.8"])
    expect(readFileSync(at(`share/man/${page}`), "utf8")).toContain("\n.SH NAME\n");
  for (const path of ["bash-completion/completions/berth", "zsh/site-functions/_berth"])
    expect(readFileSync(at(`share/${path}`), "utf8")).toContain("rescan");
  expect(statSync(join(root, "var/lib/berth")).mode & 0o777).toBe(0o700);
});

test("installs for all users, whatever umask its caller has", () => {
  const before = process.umask(0o077);
  try {
    expect(setup().status).toBe(0);
  } finally {
    process.umask(before);
  }
  const modes = (paths: string[]) => paths.map((path) => statSync(join(root, "usr/local", path)).mode & 0o777);
  expect(modes(["bin/berth", "bin", "lib/systemd/system", "share/man/man1"])).toEqual([0o755, 0o755, 0o755, 0o755]);
  expect(modes(["lib/systemd/system/berth-rescan.service", "share/man/man1/berth.1"])).toEqual([0o644, 0o644]);
});

test("takes another prefix, and has it in the units", () => {
  expect(setup("--prefix", "/opt/b").status).toBe(0);
  expect(readFileSync(join(root, "opt/b/lib/systemd/system/berth-rescan.service"), "utf8")).toContain(
    "ExecStart=/opt/b/bin/berth rescan\n",
  );
  expect(existsSync(join(root, "usr"))).toBe(false);
});

test("--uninstall removes what setup installed and nothing else", () => {
  mkdirSync(join(root, "usr/local/share/man/man1"), { recursive: true });
  writeFileSync(join(root, "usr/local/share/man/man1/other.1"), "");
  setup();
  writeFileSync(join(root, "etc/containers/systemd/app.container"), "");
  writeFileSync(join(root, "var/lib/berth/index.json"), "");
  const { status, stdout } = setup("--uninstall");
  expect(status).toBe(0);
  expect(stdout).toContain(`removed ${join(root, "usr/local/bin/berth")}\n`);
  expect(files()).toEqual([
    "etc/containers/systemd/app.container",
    "usr/local/share/man/man1/other.1",
    "var/lib/berth/index.json",
  ]);
  expect(setup("--uninstall")).toMatchObject({ status: 1, stdout: "" });
});

test("a second setup replaces what is there and removes what an older version had besides", () => {
  setup();
  const before = files();
  const list = join(root, "usr/local/share/berth/installed");
  writeFileSync(list, `${readFileSync(list, "utf8")}/usr/local/lib/systemd/system/berth-old.service\n`);
  writeFileSync(join(root, "usr/local/lib/systemd/system/berth-old.service"), "");
  expect(setup().status).toBe(0);
  expect(files()).toEqual(before);
});

test("masks Podman's generators when asked to, remembers its own masks, and leaves others alone", () => {
  const generators = ["system", "user"].map((kind) => `systemd/${kind}-generators/podman-${kind}-generator`);
  for (const path of generators) {
    mkdirSync(join(root, "usr/lib", path, ".."), { recursive: true });
    mkdirSync(join(root, "etc", path, ".."), { recursive: true });
    writeFileSync(join(root, "usr/lib", path), "");
  }
  const [system = "", user = ""] = generators.map((path) => join(root, "etc", path));
  symlinkSync("/dev/null", user);
  expect(setup().stderr).toContain("warning: podman-system-generator is installed");
  expect(existsSync(system)).toBe(false);
  expect(setup("--mask-podman")).toMatchObject({ status: 0, stderr: "" });
  expect(readlinkSync(system)).toBe("/dev/null");
  setup();
  expect(readlinkSync(system)).toBe("/dev/null");
  setup("--uninstall");
  expect(lstatSync(system, { throwIfNoEntry: false })).toBeUndefined();
  expect(readlinkSync(user)).toBe("/dev/null");
});
