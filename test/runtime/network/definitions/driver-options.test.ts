import { expect, test } from "bun:test";
import { checkDriverOptions } from "../../../../src/runtime/network/definitions/driver-options.ts";

test.each([
  ["bridge", { mtu: "1500", metric: "4294967295", no_default_route: "1", vlan: "4094", isolate: "strict" }],
  ["bridge", { mode: "unmanaged", vrf: "blue" }],
  ["macvlan", { parent: "eth0", mode: "passthru", bclim: "-1" }],
  ["ipvlan", { parent: "eth0", mode: "l3s" }],
  ["bridge", {}],
] as [string, Record<string, string>][])("%s takes %j", (driver, options) => {
  expect(checkDriverOptions(driver, options)).toBeUndefined();
});

test.each([
  ["bridge", { mtu: "65536" }, 'option mtu is a number from 0 to 65535, not "65536"'],
  ["bridge", { vlan: "0" }, 'option vlan is a number from 1 to 4094, not "0"'],
  ["bridge", { isolate: "yes" }, 'option isolate is true, false, 1, 0, strict, not "yes"'],
  ["bridge", { vrf: "" }, 'option vrf is not empty, not ""'],
  ["macvlan", { bclim: "1.5" }, 'option bclim is a number, not "1.5"'],
  ["macvlan", { mode: "l2" }, 'option mode is bridge, private, vepa, passthru, not "l2"'],
  [
    "bridge",
    { parent: "eth0" },
    "bridge has no option parent (isolate, metric, mode, mtu, no_default_route, vlan, vrf)",
  ],
  ["ipvlan", { bclim: "1" }, "ipvlan has no option bclim (metric, mode, mtu, no_default_route, parent)"],
] as [string, Record<string, string>, string][])("%s refuses %j", (driver, options, message) => {
  expect(checkDriverOptions(driver, options)).toBe(message);
});
