import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ImageError } from "../../../src/image/error.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { readTrust } from "../../../src/image/trust/administrator.ts";
import { policyScopes } from "../../../src/image/trust/policy.ts";

const ACCEPT = [{ type: "insecureAcceptAnything" }];
const REJECT = [{ type: "reject" }];
const SIGNED = [{ type: "signedBy", keyType: "GPGKeys", keyPath: "/k" }];

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-trust-"));
});
afterEach(() => rmSync(top, { recursive: true }));

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), typeof content === "string" ? content : JSON.stringify(content));
}
const trust = (uid = 0) =>
  readTrust({ env: { HOME: join(top, "home") }, uid, systemDir: join(top, "etc"), rootHome: join(top, "root") });
/** The code of the refusal of a name, and its message; "" if it is allowed. */
function refusal(name: string, uid = 0): string {
  try {
    trust(uid).checkRegistry(parseReference(name));
    return "";
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

test("without files, and with a policy that accepts, everything is allowed", () => {
  expect(refusal("registry.example/app:1")).toBe("");
  write("etc/policy.json", { default: ACCEPT });
  write("etc/registries.conf", 'unqualified-search-registries = ["docker.io"]\n[[registry]]\nlocation = "a.example"\n');
  for (const name of ["registry.example/app:1", "a.example/app", "app"]) expect(refusal(name)).toBe("");
});

test("a policy that does anything but accept refuses, with its file", () => {
  write("etc/policy.json", { default: REJECT });
  expect(refusal("app")).toBe(`untrusted: ${join(top, "etc/policy.json")} rejects it by default`);
  write("etc/policy.json", { default: [...ACCEPT, ...SIGNED] });
  expect(refusal("app")).toContain("asks for signedBy by default, which cannot be checked yet");
  const others = { transports: { docker: { "other.example": [{ type: "acept" }] } } };
  const misspelt = [
    ...[{ Default: ACCEPT }, { default: ACCEPT, transport: {} }, { default: [{ type: "toString" }] }],
    ...[{ default: [{ ...ACCEPT[0], keyPath: "/k" }] }, { default: ACCEPT, ...others }],
  ];
  const malformed = ["{", "[]", "{}", { default: [] }, { default: ACCEPT, transports: 5 }, { default: [5] }];
  for (const bad of [...malformed, ...misspelt]) {
    write("etc/policy.json", bad);
    expect(refusal("app"), JSON.stringify(bad)).toContain("bad-settings");
  }
});

test("a file that is there and cannot be read forbids", () => {
  mkdirSync(join(top, "etc/policy.json"), { recursive: true });
  expect(refusal("app")).toContain("policy.json: it is not a regular file");
  rmSync(join(top, "etc/policy.json"), { recursive: true });
  symlinkSync("/dev/null", join(top, "etc/policy.json"));
  expect(refusal("app")).toContain("bad-settings");
  write("home/.config/containers/policy.json", { default: ACCEPT });
  expect(refusal("app", 1000)).toBe("");
  rmSync(join(top, "etc/policy.json"));
  mkdirSync(join(top, "etc/registries.conf.d/folder.conf"), { recursive: true });
  symlinkSync("/dev/null", join(top, "etc/registries.conf.d/masked.conf"));
  expect(refusal("app")).toBe("");
  symlinkSync("/proc/self/status", join(top, "etc/registries.conf.d/odd.conf"));
  expect(refusal("app")).toContain("odd.conf: it is not a regular file");
});

test("the most specific scope of the policy counts", () => {
  const docker = {
    "registry.example": REJECT,
    "registry.example/team": ACCEPT,
    "registry.example/team/app": SIGNED,
    "registry.example/team/app:good": ACCEPT,
    "*.wild.example": REJECT,
    "host.wild.example": ACCEPT,
  };
  write("etc/policy.json", {
    default: ACCEPT,
    transports: { docker, "docker-archive": { "": REJECT }, dir: { "": REJECT, "/srv": ACCEPT } },
  });
  const refused = [
    "registry.example/app",
    "registry.example/teams/app",
    "registry.example/team/app:1",
    "a.wild.example/x",
    "a.wild.example:5000/x",
    `registry.example/team/app:good@sha256:${"a".repeat(64)}`,
  ];
  for (const name of refused) expect(refusal(name), name).not.toBe("");
  const allowed = [
    "registry.example/team/x",
    "registry.example/team/app:good",
    "host.wild.example/x",
    "other.example/x",
  ];
  for (const name of allowed) expect(refusal(name), name).toBe("");
  expect(() => trust().checkArchive({ transport: "docker-archive", name: "/tmp/a.tar" })).toThrow('docker-archive ""');
  trust().checkArchive({ transport: "dir", name: "/srv/deep/a" });
  expect(() => trust().checkArchive({ transport: "dir", name: "/srv2/a" })).toThrow('dir ""');
  trust().checkArchive({ transport: "oci-archive", name: "" });
  write("etc/policy.json", { default: REJECT, transports: { docker: { "": ACCEPT } } });
  expect(refusal("app")).toBe("");
  expect(() => trust().checkArchive({ transport: "dir", name: "/x" })).toThrow("by default");
});

test("scopes go from the whole name to the transport", () => {
  expect(policyScopes({ transport: "docker", name: "h.example:5000/a/b:1" })).toEqual([
    ...["h.example:5000/a/b:1", "h.example:5000/a/b", "h.example:5000/a", "h.example:5000", "*.example", ""],
  ]);
});

test("a registry that is blocked or sent elsewhere is refused", () => {
  const rules = [
    '[[registry]]\nlocation = "bad.example"\nblocked = true',
    '[[registry]]\nprefix = "docker.io/library"\nlocation = "mirror.example/hub"',
    '[[registry]]\nprefix = "*.dark.example"\nblocked = true',
    '[[registry]]\nprefix = "bad.example/but/fine"\nlocation = "bad.example/but/fine"',
  ];
  write("etc/registries.conf", rules.join("\n"));
  const path = join(top, "etc/registries.conf");
  expect(refusal("bad.example/app")).toBe(`untrusted: ${path} blocks bad.example`);
  expect(refusal("nginx")).toContain(`${path} sends docker.io/library to mirror.example/hub`);
  expect(refusal("bad.example:5000/app")).toContain("blocks bad.example");
  for (const name of ["a.dark.example/x", "b.a.dark.example:5000/x"]) expect(refusal(name)).toContain("blocks");
  for (const name of ["bad.example/but/fine/app", "docker.io/user/app", "worse-bad.example/x", "dark.example/x"])
    expect(refusal(name), name).toBe("");
  write("etc/registries.conf", '[registries.block]\nregistries = ["old.example"]\n');
  expect(refusal("old.example/app")).toContain("blocks old.example");
  for (const bad of ["[[registry", "registry = 5", "[[registry]]\nblocked = 1\nlocation = 'x'", "[[registry]]\n"]) {
    write("etc/registries.conf", bad);
    expect(refusal("app"), bad).toContain("bad-settings");
  }
});

test("a rule counts however it is written", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const by = (more: string, mirror = "") =>
    `[[registry]]\nlocation = "x.example"\n${more}\n[[registry.mirror]]\nlocation = "m.example"\n${mirror}`;
  const refused = {
    "[[Registry]]\nLocation = 'x.example'\nBlocked = true": "x.example/app",
    "[[registry]]\nlocation = 'x.example/team/'\nblocked = true": "x.example/team/app",
    "registry = [{ prefix = 'x.example', location = 'x.example', blocked = true }]": "x.example/app",
    "[[registry]]\nprefix = '*.example'\nlocation = 'm.example'": "x.example/app",
    "[registries.block]\nregistries = ['x.example/']": "x.example/app",
    [by("")]: "x.example/app",
    [by("mirror-by-digest-only = true")]: `x.example/app@${digest}`,
    [by("", "pull-from-mirror = 'digest-only'")]: `x.example/app@${digest}`,
    [by("", "pull-from-mirror = 'tag-only'")]: "x.example/app",
  };
  for (const [conf, name] of Object.entries(refused)) {
    write("etc/registries.conf", conf);
    expect(refusal(name), conf).toMatch(/^untrusted: .*(blocks|to m\.example)/);
  }
  const allowed = {
    [by("mirror-by-digest-only = true")]: "x.example/app",
    [by("", "pull-from-mirror = 'digest-only'")]: "x.example/app",
    [by("", "pull-from-mirror = 'tag-only'")]: `x.example/app@${digest}`,
    "[[registry]]\nprefix = '*.example'\ninsecure = true": "x.example/app",
  };
  for (const [conf, name] of Object.entries(allowed)) {
    write("etc/registries.conf", conf);
    expect(refusal(name), conf).toBe("");
  }
  for (const bad of [by("", "pull-from-mirror = 'never'"), "[[registry]]\nlocation = 'https://x.example'"]) {
    write("etc/registries.conf", bad);
    expect(refusal("y.example/app"), bad).toContain("bad-settings");
  }
});

test("drop-ins count before the main file, and a user's files before the system's", () => {
  write("etc/registries.conf", '[[registry]]\nlocation = "x.example"\nblocked = true\n');
  write("etc/registries.conf.d/50.conf", '[[registry]]\nlocation = "x.example"\n');
  expect(refusal("x.example/app")).toBe("");
  write("etc/registries.conf.d/60.conf", '[[registry]]\nlocation = "x.example"\nblocked = true\n');
  expect(refusal("x.example/app")).toContain("60.conf blocks");
  write("home/.config/containers/registries.conf.d/70.conf", '[[registry]]\nlocation = "x.example"\n');
  expect(refusal("x.example/app", 1000)).toBe("");
  expect(refusal("x.example/app")).toContain("blocks");
  write("etc/policy.json", { default: ACCEPT });
  write("home/.config/containers/policy.json", { default: REJECT });
  expect(refusal("x.example/app", 1000)).toContain("home/.config/containers/policy.json rejects it");
  rmSync(join(top, "home/.config/containers/policy.json"));
  // A user's own main file stands in place of the system's drop-ins, too.
  rmSync(join(top, "home/.config/containers/registries.conf.d/70.conf"));
  expect(refusal("x.example/app", 1000)).toContain("60.conf blocks");
  write("home/.config/containers/registries.conf", "");
  expect(refusal("x.example/app", 1000)).toBe("");
  // Root's own files are in root's home, and not where HOME says.
  write("etc/registries.conf.d/60.conf", "");
  write("etc/registries.conf.d/50.conf", "");
  write("etc/registries.conf", "");
  write("home/.config/containers/policy.json", { default: REJECT });
  expect(refusal("x.example/app")).toBe("");
  write("root/.config/containers/policy.json", { default: REJECT });
  expect(refusal("x.example/app")).toContain("root/.config/containers/policy.json rejects it");
});
