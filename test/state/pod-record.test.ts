import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import { claimPod, findPod, podPaths, readPod, surveyPods, writePod } from "../../src/state/pod-record.ts";
import { podRecord } from "./records.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-pods-"));
  scope = systemScope(root);
  for (const [name, unit, id] of [
    ["systemd-shop", "shop-pod.service", "0a11"],
    ["shop-pod", "other.service", "0a22"],
    ["web", "web-pod@one.service", "1b33"],
  ] as const) {
    const { record } = podPaths(scope, name);
    mkdirSync(dirname(record), { recursive: true });
    writeFileSync(record, JSON.stringify(podRecord({ name, unit, id })));
  }
});
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  ["systemd-shop", "systemd-shop"],
  ["shop", "systemd-shop"],
  ["shop-pod.service", "systemd-shop"],
  // A name counts before a service.
  ["shop-pod", "shop-pod"],
  ["web-pod@one", "web"],
  ["0a1", "systemd-shop"],
  ["1", "web"],
])("%s means the pod %s", (word, name) => {
  expect(findPod(scope, word).name).toBe(name);
});

test.each([
  ["none", "no pod none is running"],
  ["", "no pod  is running"],
  ["../pods/web", "no pod ../pods/web is running"],
  ["0a", "the ID 0a fits 2 pods"],
])("%j means no pod: %s", (word, message) => {
  expect(() => findPod(scope, word)).toThrow(message);
});

/** Puts this into a pod's record, whatever it is. */
function put(name: string, content: unknown): void {
  const { record } = podPaths(scope, name);
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, typeof content === "string" ? content : JSON.stringify(content));
}

test("a record is read as it was written, with its version beside the members that an older berth knows", () => {
  const record = podRecord({
    name: "new",
    userNamespace: { mode: "auto", size: 1024, uids: [], gids: [] },
    network: { mode: "bridge", networks: [] },
    mounts: [{ type: "volume", name: "data", target: "/data", options: [] }],
    shared: ["net", "ipc"],
    namespaces: { manager: { pid: 1, startTime: "3" }, inodes: { user: 1, net: 2 } },
    init: { pid: 7, startTime: "9" },
    user: "0:0",
  });
  expect(claimPod(scope, record)).toBe(true);
  expect(claimPod(scope, record)).toBe(false);
  expect(readPod(scope, "new")).toEqual(record);
  writePod(scope, { ...record, addresses: { back: ["10.9.0.2"] } });
  expect(readPod(scope, "new")).toEqual({ ...record, addresses: { back: ["10.9.0.2"] } });
  expect(JSON.parse(readFileSync(podPaths(scope, "new").record, "utf8"))).toMatchObject({ version: 1, name: "new" });
});

test.each([
  ["exitPolicy", "continue"],
  ["labels", {}],
  ["ports", []],
  ["addHosts", []],
  ["dns", []],
  ["dnsOptions", []],
  ["dnsSearch", []],
  ["mounts", []],
  ["addresses", {}],
  ["user", undefined],
  ["namespaces", undefined],
  ["init", undefined],
  ["pasta", undefined],
] as const)("a record without %s has %j", (member, value) => {
  put("web", { ...podRecord({ name: "web" }), [member]: undefined });
  expect(readPod(scope, "web")?.[member]).toEqual(value as never);
});

test.each([
  ["id", undefined],
  ["name", 1],
  ["unit", undefined],
  ["hostname", undefined],
  ["exitPolicy", "never"],
  ["labels", { a: 1 }],
  ["userNamespace", undefined],
  ["userNamespace", { mode: "keep-id", uid: "1" }],
  ["network", { mode: "bridge", networks: [{}] }],
  ["ports", [{ hostPort: 80 }]],
  ["addHosts", [{ names: "a", address: "b" }]],
  ["dns", "192.0.2.1"],
  ["shmSize", undefined],
  ["mounts", [{ type: "bind", target: "/a", options: [] }]],
  ["shared", ["mnt"]],
  ["shared", undefined],
  ["created", undefined],
  ["maker", { pid: 1 }],
  ["namespaces", { inodes: {} }],
  ["namespaces", { manager: { pid: 1, startTime: "" }, inodes: { net: "2" } }],
  ["init", 7],
  ["pasta", {}],
])("a record whose %s is %j cannot be read", (member, value) => {
  put("web", { ...podRecord({ name: "web" }), [member]: value });
  expect(readPod(scope, "web")).toBeUndefined();
});

test("a pod of a newer berth is an error of one sentence, and hides no other pod", () => {
  put("web", { version: 2, name: "web" });
  const message = "pod web was started by a newer berth (record version 2): install that berth again, or a newer one";
  expect(() => readPod(scope, "web")).toThrow(expect.objectContaining({ code: "newer-record", message }));
  expect(() => findPod(scope, "web-pod@one")).toThrow(message);
  expect(findPod(scope, "shop").name).toBe("systemd-shop");
  expect(surveyPods(scope).records.map(({ name }) => name)).toEqual(["shop-pod", "systemd-shop"]);
});
