import { expect, test } from "bun:test";
import { parseFlags } from "../../../src/options/flags/parse.ts";
import { POD_FLAGS } from "../../../src/options/flags/pod-flags.ts";
import { toPodRequest } from "../../../src/options/requests/parse-pod-request.ts";
import type { PodRequest } from "../../../src/options/requests/pod-request.ts";

function requestOf(words: readonly string[], kind: "system" | "user" = "system"): PodRequest {
  const { flags, rest, problems } = parseFlags(words, POD_FLAGS);
  expect(problems).toEqual([]);
  return toPodRequest(flags, rest, { cwd: "/cwd", scope: { kind } });
}

const UNIT = ["--unit", "shop-pod.service"];

test("nothing in particular", () => {
  expect(requestOf([...UNIT, "shop"])).toEqual({
    name: "shop",
    unit: "shop-pod.service",
    exitPolicy: "continue",
    hostname: "shop",
    labels: {},
    userNamespace: { mode: "host" },
    network: {
      mode: "bridge",
      networks: [{ name: "berth", aliases: [], ips: [], mac: undefined, interfaceName: undefined }],
    },
    ports: [],
    addHosts: [],
    dns: [],
    dnsOptions: [],
    dnsSearch: [],
    shmSize: 64 * 1024 * 1024,
    mounts: [],
    shared: ["ipc", "net", "uts"],
    replace: false,
  });
});

test("what its flags say", () => {
  const words =
    "--name a --hostname x --hostname y --exit-policy stop --share +pid --shm-size 1m --replace --label a=b " +
    "--userns keep-id -v ./d:/d -p 80:80 --add-host a:::1 --dns ::1 --dns-option o --dns-search s --network n";
  expect(requestOf([...UNIT, ...words.split(" ")], "user")).toMatchObject({
    name: "a",
    exitPolicy: "stop",
    hostname: "y",
    labels: { a: "b" },
    userNamespace: { mode: "keep-id" },
    network: { mode: "bridge", networks: [{ name: "n" }] },
    ports: [{ hostPort: 80, containerPort: 80 }],
    addHosts: [{ names: ["a"], address: "::1" }],
    dns: ["::1"],
    dnsOptions: ["o"],
    dnsSearch: ["s"],
    shmSize: 1024 * 1024,
    mounts: [{ type: "bind", source: "/cwd/d", target: "/d", options: [] }],
    shared: ["ipc", "net", "pid", "uts"],
    replace: true,
  });
});

test("a long name makes a host name that fits", () => {
  expect(requestOf([...UNIT, "a".repeat(80)]).hostname).toBe("a".repeat(64));
});

test("a pod that shares no network has none, and nothing about one", () => {
  expect(requestOf([...UNIT, "--share", "none", "shop"])).toMatchObject({ network: { mode: "none" }, shared: [] });
  for (const [words, flag] of [
    ["--share ipc -p 80", "--publish"],
    ["--share net --hostname a", "--hostname"],
    ["--share net --shm-size 1m", "--shm-size"],
  ] as const)
    expect(() => requestOf([...UNIT, ...words.split(" "), "shop"])).toThrow(`${flag} is for all containers of the pod`);
});

test.each([
  [[...UNIT], "no name for the pod given (--name)"],
  [["shop"], "a pod is a unit of systemd's"],
  [[...UNIT, ".."], "--name ..: not a container name"],
  [[...UNIT, "%i"], "--name %i: %i is not expanded"],
  [[...UNIT, "--share", "mnt", "shop"], '--share mnt: "mnt" cannot be shared'],
])("%j is refused", (words, message) => {
  expect(() => requestOf(words)).toThrow(message);
});
