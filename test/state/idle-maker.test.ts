import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope, userScope } from "../../src/scope.ts";
import { idleMaker } from "../../src/state/idle-maker.ts";
import { readDefinition } from "../../src/state/network-definitions.ts";
import { findPod } from "../../src/state/pod-record.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-maker-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

/** A generated unit of a file that exists, and whether systemd holds it active. */
function unit(name: string, source: string, command: string, active = name): void {
  for (const folder of ["generator", "units"]) mkdirSync(join(root, "run/systemd", folder), { recursive: true });
  writeFileSync(
    join(root, "run/systemd/generator", name),
    `[Unit]\nSourcePath=${source}\n[Service]\nExecStart=/usr/local/bin/berth ${command}\n`,
  );
  if (active !== "") symlinkSync("0123", join(root, "run/systemd/units", `invocation:${active}`));
}

test("what is not there, but should be by an active service, is told with the command that makes it again", () => {
  unit("back-network.service", "/etc/containers/systemd/back.network", "network create --ignore systemd-back");
  unit("shop-pod.service", "/etc/containers/systemd/shop.pod", "pod start shop");
  const remedy = (name: string) => `${name} is active all the same: type systemctl restart ${name}, and start the`;
  expect(() => readDefinition(scope, "systemd-back")).toThrow(
    `there is no network systemd-back; ${remedy("back-network.service")}`,
  );
  expect(() => findPod(scope, "shop")).toThrow(`no pod shop is running; ${remedy("shop-pod.service")}`);
  expect(() => readDefinition(scope, "systemd-other")).toThrow(/^there is no network systemd-other$/);
  expect(idleMaker(scope, "volume", "systemd-back")).toBeUndefined();
});

test("a service that is not active will be started by what needs it", () => {
  unit("back-network.service", "/etc/containers/systemd/back.network", "network create --ignore systemd-back", "");
  expect(idleMaker(scope, "network", "systemd-back")).toBeUndefined();
});

test("an instance of a template is known by its name, a user's by the user's manager", () => {
  const command = "volume create --ignore --opt type=ext4 --opt device=/dev/vdb systemd-work-%i";
  unit("work-volume@.service", "/etc/containers/systemd/work@.volume", command, "work-volume@a.service");
  expect(idleMaker(scope, "volume", "systemd-work-a")).toMatchObject({ hasOptions: true });
  expect(idleMaker(scope, "volume", "systemd-work-b")).toBeUndefined();
  const users = userScope(1000, { XDG_RUNTIME_DIR: join(root, "run") }, "/home/alice");
  expect(idleMaker(users, "volume", "systemd-work-a")?.remedy).toContain(
    "type systemctl --user restart work-volume@a.service",
  );
});
