import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { podmanGenerates } from "../../src/generator/podman-generator.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-podman-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function path(folder: string, scope = "system"): string {
  const at = join(root, folder, `systemd/${scope}-generators/podman-${scope}-generator`);
  mkdirSync(dirname(at), { recursive: true });
  return at;
}

test("Podman's generator runs where it is installed, unless it is masked above that", () => {
  expect(podmanGenerates("system", root)).toBe(false);
  writeFileSync(path("usr/lib"), "program");
  expect(podmanGenerates("system", root)).toBe(true);
  expect(podmanGenerates("user", root)).toBe(false);
  symlinkSync("/dev/null", path("etc"));
  expect(podmanGenerates("system", root)).toBe(false);
  rmSync(path("etc"));
  writeFileSync(path("run"), "");
  expect(podmanGenerates("system", root)).toBe(false);
  rmSync(path("run"));
  symlinkSync(path("usr/lib"), path("usr/local/lib"));
  expect(podmanGenerates("system", root)).toBe(true);
  symlinkSync("/not/there", path("usr/lib", "user"));
  expect(podmanGenerates("user", root)).toBe(false);
});
