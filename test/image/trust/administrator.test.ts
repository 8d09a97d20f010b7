import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
const trust = (uid = 0) => readTrust({ env: { HOME: join(top, "home") }, uid, systemDir: join(top, "etc") });
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
  for (const bad of ["{", "[]", "{}", { default: [] }, { default: ACCEPT, transports: 5 }, { default: [5] }])
    expect([write("etc/policy.json", bad), refusal("app")].join(), JSON.stringify(bad)).toMatch(
      /(bad-settings|untrusted): /,
    );
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
    transports: { docker, "docker-archive": { "": REJECT, "/srv": ACCEPT } },
  });
  const refused = [
    "registry.example/app",
    "registry.example/teams/app",
    "registry.example/team/app:1",
    "a.wild.example/x",
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
  trust().checkArchive({ transport: "docker-archive", name: "/srv/deep/a.tar" });
  trust().checkArchive({ transport: "oci-archive", name: "" });
  write("etc/policy.json", { default: REJECT, transports: { docker: { "": ACCEPT } } });
  expect(refusal("app")).toBe("");
  expect(() => trust().checkArchive({ transport: "dir", name: "/x" })).toThrow("by default");
});

test("scopes go from the whole name to the transport", () => {
  expect(policyScopes({ transport: "docker", name: "h.example:5000/a/b:1" })).toEqual([
    ...["h.example:5000/a/b:1", "h.example:5000/a/b", "h.example:5000/a", "h.example:5000", "*.example:5000", ""],
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
});
