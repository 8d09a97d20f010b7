import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OciRuntimeName } from "../../../src/oci-runtimes.ts";
import type { RunRequest } from "../../../src/options/requests/run-request.ts";
import { chooseRuntime } from "../../../src/runtime/oci-runtime/choice.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { REQUEST } from "../request.ts";

const SESSION = "/user.slice/user-1000.slice/session-3.scope";
const MANAGER = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.service";
const OWN: Partial<RunRequest> = { unit: undefined, userNamespace: { mode: "nomap" } };

test.each<[OciRuntimeName, string, Partial<RunRequest>, Scope["kind"], string, OciRuntimeName]>([
  ["crun", "a unit", {}, "user", MANAGER, "crun"],
  ["crun", "a unit with a user namespace", { userNamespace: { mode: "nomap" } }, "user", MANAGER, "crun"],
  ["crun", "a user's session", { unit: undefined }, "user", SESSION, "crun"],
  ["crun", "a user namespace in a user's manager", OWN, "user", MANAGER, "crun"],
  ["crun", "a user namespace in root's session", OWN, "system", "/user.slice/user-0.slice/session-1.scope", "crun"],
  ["crun", "a user namespace in a user's session", OWN, "user", SESSION, "runc"],
  ["crun", "what names another", { runtime: "runc" }, "system", "/", "runc"],
  ["runc", "what names another", { runtime: "crun" }, "system", "/", "crun"],
])("with the default %s, %s gets its own", async (byDefault, _, changes, kind, cgroup, wanted) => {
  const top = mkdtempSync(join(tmpdir(), "berth-choice-"));
  try {
    const scope: Scope = { ...systemScope(top), kind, uid: kind === "user" ? 1000 : 0 };
    mkdirSync(join(top, "etc/berth"), { recursive: true });
    writeFileSync(join(top, "etc/berth/berth.conf"), `[runtime]\nRuntime=${byDefault}\n`);
    expect(await chooseRuntime({ ...REQUEST, ...changes }, scope, cgroup)).toBe(wanted);
    if (wanted !== byDefault && changes.runtime === undefined)
      expect(chooseRuntime({ ...REQUEST, ...changes, runtime: "crun" }, scope, cgroup)).rejects.toMatchObject({
        code: "bad-request",
      });
  } finally {
    rmSync(top, { recursive: true });
  }
});
