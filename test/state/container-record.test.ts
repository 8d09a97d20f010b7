import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import { readRecord, readSoundRecord, surveyRecords, writeRecord } from "../../src/state/container-record.ts";
import { findContainer } from "../../src/state/find-container.ts";
import { readContainerUse } from "../../src/state/image-use.ts";
import { containerPaths } from "../../src/state/paths.ts";
import { containerRecord } from "./records.ts";

const ID = containerRecord().id;
const OTHER = "fedcba9876543210fedcba9876543210";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-records-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Puts this into a container's record, whatever it is. */
function put(content: unknown, id = ID): void {
  const { bundle, record } = containerPaths(scope, id);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(record, typeof content === "string" ? content : JSON.stringify(content));
}

/** A record as JSON has it, with members changed; one that is undefined is left out. */
const changed = (changes: Readonly<Record<string, unknown>>) => ({ ...containerRecord(), ...changes });

test("a record is read as it was written, with its version beside the members that an older berth knows", () => {
  const record = containerRecord({
    otherImages: [["sha256:a"]],
    volumes: ["data"],
    pod: "shop",
    network: {
      mode: "bridge",
      networks: [{ name: "back", aliases: ["db"], ips: [], mac: undefined, interfaceName: "eth7" }],
    },
    ports: [{ hostIp: "", hostPort: 80, containerPort: 8080, range: 1, protocol: "tcp" }],
  });
  mkdirSync(containerPaths(scope, ID).bundle, { recursive: true });
  writeRecord(scope, record);
  expect(readRecord(scope, ID)).toEqual(record);
  expect(JSON.parse(readFileSync(containerPaths(scope, ID).record, "utf8"))).toMatchObject({
    version: 1,
    name: "web",
    launcher: { pid: 1, startTime: "0" },
  });
});

test("a record that an older berth wrote has no version, and what a later one adds is kept", () => {
  put(changed({ health: { retries: 3 } }));
  expect(readRecord(scope, ID)).toEqual(changed({ health: { retries: 3 } }) as ReturnType<typeof containerRecord>);
});

describe("a record that does not say", () => {
  test.each([
    ["unit", undefined],
    ["pod", undefined],
    ["volumes", undefined],
    ["otherImages", undefined],
    ["command", []],
    ["addresses", {}],
    ["ports", []],
    ["labels", {}],
    ["stopSignal", "TERM"],
    ["stopTimeout", 10],
  ] as const)("%s has %j", (member, value) => {
    put(changed({ [member]: undefined }));
    expect(readRecord(scope, ID)?.[member]).toEqual(value as never);
  });

  test.each([
    ["id", "id is not a string"],
    ["name", "name is not a string"],
    ["image", "image is not a string"],
    ["imageDigest", "imageDigest is not a string"],
    ["imageLayers", "imageLayers is not an array"],
    ["created", "created is not a string"],
    ["cgroup", "cgroup is not a string"],
    ["launcher", "launcher is not an object"],
    ["network", "network is not an object"],
  ])("%s cannot be read", (member, why) => {
    put(changed({ [member]: undefined }));
    expect(readRecord(scope, ID)).toBeUndefined();
    expect(() => readSoundRecord(scope, ID)).toThrow(
      expect.objectContaining({
        code: "corrupt-record",
        message: expect.stringMatching(
          /^the record of container [0-9a-f]{32} cannot be read \(.*record\.json; restart its service/,
        ),
        cause: expect.objectContaining({ message: why }),
      }),
    );
  });
});

test.each([
  ["id", 1],
  ["name", null],
  ["unit", 1],
  ["image", []],
  ["imageDigest", 1],
  ["imageLayers", ["sha256:a", 1]],
  ["command", "server"],
  ["otherImages", ["sha256:a"]],
  ["volumes", "data"],
  ["created", 0],
  ["cgroup", {}],
  ["launcher", { pid: "1", startTime: "0" }],
  ["network", { mode: "new" }],
  ["network", { mode: "bridge" }],
  ["pod", {}],
  ["addresses", { back: "10.0.0.2" }],
  ["ports", [{}]],
  ["labels", []],
  ["stopSignal", 15],
  ["stopTimeout", "10"],
  ["version", "1"],
])("a record whose %s is %j cannot be read", (member, value) => {
  put(changed({ [member]: value }));
  expect(readRecord(scope, ID)).toBeUndefined();
});

test.each(["", "{", "null", "[]", '"web"'])("a file with %j is a record that cannot be read", (content) => {
  put(content);
  expect(readRecord(scope, ID)).toBeUndefined();
  expect(surveyRecords(scope).records).toEqual([]);
  expect(() => readContainerUse(scope)).toThrow(`the record of container ${ID} cannot be read`);
});

describe("a record of a newer version", () => {
  const MESSAGE =
    "container web was started by a newer berth (record version 2): install that berth again, or a newer one";
  beforeEach(() => {
    put({ version: 2, name: "web", whatever: true });
    put(changed({ id: OTHER, name: "db", unit: "db.service" }), OTHER);
  });

  test("is an error of one sentence for whoever needs it, and for images in use", () => {
    expect(() => readRecord(scope, ID)).toThrow(MESSAGE);
    expect(surveyRecords(scope).unread).toEqual([expect.objectContaining({ code: "newer-record", message: MESSAGE })]);
    expect(() => readContainerUse(scope)).toThrow(MESSAGE);
    expect(() => findContainer(scope, "web")).toThrow(MESSAGE);
  });

  test("hides no other container", () => {
    expect(surveyRecords(scope).records.map(({ name }) => name)).toEqual(["db"]);
    expect(findContainer(scope, "db.service").id).toBe(OTHER);
    expect(findContainer(scope, OTHER.slice(0, 6)).name).toBe("db");
  });
});
