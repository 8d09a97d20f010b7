import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planRecord } from "../../../src/runtime/pod/create.ts";
import { addMemberName, writePodFiles } from "../../../src/runtime/pod/pod-files.ts";
import { systemScope } from "../../../src/scope.ts";
import { type PodPaths, type PodRecord, podPaths } from "../../../src/state/pod-record.ts";
import { POD_REQUEST } from "./pod-request.ts";

let root: string;
let paths: PodPaths;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-pod-files-"));
  paths = podPaths(systemScope(root), "shop");
  mkdirSync(paths.directory, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const pod = (rest: Partial<PodRecord> = {}): PodRecord => ({
  ...planRecord(POD_REQUEST, { id: "a", created: "", maker: { pid: 7, startTime: "42" }, ports: [] }),
  ...rest,
});
const VIEW = {
  addresses: ["192.0.2.2"],
  gateway: "192.0.2.1",
  nameServers: ["192.0.2.1"],
  searchDomains: ["dns.podman"],
  resolvers: [],
};
const BRIDGE = { mode: "bridge", networks: [] } as const;

test("a pod's files have its host name, its addresses and its name servers", () => {
  writePodFiles(pod({ network: BRIDGE, hostname: "shop.example" }), VIEW, paths);
  expect(readFileSync(paths.hostname, "utf8")).toBe("shop.example\n");
  expect(readFileSync(paths.hosts, "utf8")).toContain("192.0.2.2\tshop.example shop\n");
  expect(readFileSync(paths.hosts, "utf8")).toContain("192.0.2.1\thost.containers.internal");
  expect(readFileSync(paths.resolvConf, "utf8")).toStartWith("search dns.podman\nnameserver 192.0.2.1\n");
});

test.each([
  ["DNS none", { network: BRIDGE, dns: ["none"] }],
  ["no network", { network: { mode: "none" } }],
] as [string, Partial<PodRecord>][])("with %s the containers keep their own resolv.conf", (_, rest) => {
  writePodFiles(pod(rest), undefined, paths);
  expect(existsSync(paths.resolvConf)).toBe(false);
});

test("files are written in place, for they may be mounted", () => {
  writePodFiles(pod({ network: BRIDGE }), undefined, paths);
  const { ino } = statSync(paths.hosts);
  writePodFiles(pod({ network: BRIDGE }), VIEW, paths);
  expect(statSync(paths.hosts).ino).toBe(ino);
});

test("a container's name is added once, and not taken for the end of a longer line", () => {
  writePodFiles(pod(), undefined, paths);
  for (const name of ["web", "web", "eb"]) addMemberName(paths, name);
  const lines = readFileSync(paths.hosts, "utf8").split("\n");
  expect(lines.filter((line) => /\t(?:web|eb)$/.test(line))).toEqual(["127.0.0.1\tweb", "127.0.0.1\teb"]);
});
