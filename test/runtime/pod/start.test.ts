import { expect, test } from "bun:test";
import type { NetworkRequest } from "../../../src/options/requests/run-request.ts";
import { needsPasta } from "../../../src/runtime/pod/start.ts";
import { systemScope, userScope } from "../../../src/scope.ts";

const PORTS = [{ protocol: "tcp", hostIp: "", hostPort: 8080, containerPort: 80, range: 1 }] as const;
const BRIDGE: NetworkRequest = { mode: "bridge", networks: [] };
const PASTA: NetworkRequest = { mode: "pasta", options: [] };
const scopes = { system: systemScope("/"), user: userScope(1000, {}, "/home/user") };

test.each([
  ["system", BRIDGE, PORTS, false],
  ["user", BRIDGE, PORTS, true],
  ["user", BRIDGE, [], false],
  ["user", PASTA, [], true],
  ["user", { mode: "host" }, [], false],
] as ["system" | "user", NetworkRequest, typeof PORTS, boolean][])(
  "in the %s's scope a pod with %j and ports %j: pasta %p",
  (scope, network, ports, needed) => {
    expect(needsPasta({ network, ports }, scopes[scope])).toBe(needed);
  },
);

test("the network pasta is refused to the system's pods", () => {
  expect(() => needsPasta({ network: PASTA, ports: [] }, scopes.system)).toThrow(
    "the network pasta is for a user's pods: ask for bridge, host or none",
  );
});
