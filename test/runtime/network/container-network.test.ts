import { expect, test } from "bun:test";
import { serviceName } from "../../../src/runtime/network/container-network.ts";
import { REQUEST } from "../request.ts";

test.each([
  ["web.service", ["web"]],
  ["web_2.example.service", ["web_2.example"]],
  ["web@1.service", []],
  ["-web.service", []],
  ["web-.service", []],
  [undefined, []],
] as [string | undefined, string[]][])("the service %j has the DNS names %j", (unit, names) => {
  expect(serviceName({ ...REQUEST, unit })).toEqual(names);
});
