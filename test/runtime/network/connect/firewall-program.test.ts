import { expect, test } from "bun:test";
import { firewallProgram } from "../../../../src/runtime/network/connect/firewall-program.ts";

test("netavark's firewall program depends on its version", () => {
  expect(firewallProgram("1.4.0").package).toBe("iptables");
  expect(firewallProgram("1.14.0").package).toBe("nftables");
  expect(firewallProgram("2.0.0").package).toBe("nftables");
  expect(firewallProgram("").package).toBe("iptables");
});
