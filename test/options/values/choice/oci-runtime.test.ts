import { expect, test } from "bun:test";
import { parseOciRuntime } from "../../../../src/options/values/choice/oci-runtime.ts";

test.each(["runc", "crun"] as const)("%s is an OCI runtime", (name) => {
  expect(parseOciRuntime(name)).toEqual({ value: name });
});

test.each([
  ["/usr/bin/crun", "write crun: berth finds the program itself"],
  ["", "runc or crun"],
  ["Crun", "runc or crun"],
  ["runsc", "runc or crun"],
  ["constructor", "runc or crun"],
  ["crun ", "runc or crun"],
])("%j is refused, with a word about what to write", (text, hint) => {
  expect(parseOciRuntime(text)).toMatchObject({ problem: { code: "bad-runtime", hint } });
});

test("what systemd fills in is left for the start", () => {
  expect(parseOciRuntime("%i")).toMatchObject({ deferred: true });
});
