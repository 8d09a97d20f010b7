import { expect, test } from "bun:test";
import { parseSpec } from "../../../src/runtime/container/read-spec.ts";
import { formatRuntimeSpec } from "../../../src/runtime/spec/oci-config.ts";

const TEXTS = `["a"]`;
const PROCESS = `{"terminal":false,"user":{"uid":0,"gid":0},"args":["sh"],"env":["A=1"],"cwd":"/","capabilities":
  {"bounding":${TEXTS},"effective":${TEXTS},"permitted":${TEXTS},"inheritable":[],"ambient":[]},
  "rlimits":[{"type":"RLIMIT_MEMLOCK","soft":64,"hard":18446744073709551615}],"noNewPrivileges":true}`;
const text = (process: string) =>
  `{"ociVersion":"1.0.2","process":${process},"root":{"path":"/r","readonly":true},"mounts":[],"annotations":{},"linux":{}}`;

test("what the runtime wrote is read, and a process is written back with all its members", () => {
  const spec = parseSpec(text(PROCESS), "config.json");
  expect(spec.hostname).toBeUndefined();
  expect(spec.process.args).toEqual(["sh"]);
  const written = formatRuntimeSpec(spec.process);
  expect(JSON.parse(written)).toEqual(JSON.parse(PROCESS));
  // JavaScript has no exact number for it, and the OCI runtime takes no other one.
  expect(written).toContain('"hard":18446744073709551615}');
});

test("what berth does not write is refused by its place", () => {
  expect(() => parseSpec(text(PROCESS.replace('["sh"]', '"sh"')), "/c/config.json")).toThrow(
    "read /c/config.json, which the container's next start makes anew: process.args is not an array",
  );
});
