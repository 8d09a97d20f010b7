import { expect, test } from "bun:test";
import { iptablesCommands, nftCommands } from "../../../src/runtime/network/stale-ports.ts";

const ID = "a157d36a739191c1826419da5c87aedf3dd0cd6828565ada2a38a6b68ed741e5";
const NFT = `table inet netavark { # handle 1
\tchain NETAVARK-HOSTPORT-DNAT { # handle 6
\t\ttcp dport 7001 jump nv_a157d36a_10_86_0_0_nm24_dnat # handle 82
\t\ttcp dport 8001 jump nv_62657274_10_87_0_0_nm16_dnat # handle 83
\t\tip6 daddr ::1 tcp dport 7001 jump nv_a157d36a_fd00_1__nm64_dnat # handle 84
\t}

\tchain nv_a157d36a_10_86_0_0_nm24_dnat { # handle 37
\t\ttcp dport 7001 dnat ip to 10.86.0.3:80 # handle 41
\t}

\tchain nv_a157d36a_10_86_0_0_nm24 { # handle 38
\t}

\tchain nv_a157d36a_fd00_1__nm64_dnat { # handle 39
\t}

\tchain nv_62657274_10_87_0_0_nm16_dnat { # handle 40
\t}
}`;

test("the chains of a network's ports go with what leads there, and no other", () => {
  expect(nftCommands(NFT, ID)).toEqual([
    "delete rule inet netavark NETAVARK-HOSTPORT-DNAT handle 82",
    "delete rule inet netavark NETAVARK-HOSTPORT-DNAT handle 84",
    "flush chain inet netavark nv_a157d36a_10_86_0_0_nm24_dnat",
    "delete chain inet netavark nv_a157d36a_10_86_0_0_nm24_dnat",
    "flush chain inet netavark nv_a157d36a_fd00_1__nm64_dnat",
    "delete chain inet netavark nv_a157d36a_fd00_1__nm64_dnat",
  ]);
  expect(nftCommands("", ID)).toEqual([]);
});

test("with iptables the comment says whose a rule is", () => {
  const rule = (name: string, chain: string) =>
    `NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 7001 -m comment --comment "dnat name: ${name} id: 0123" -j ${chain}`;
  const listing = `*nat\n-A ${rule("back", "NETAVARK-DN-B23C")}\n-A ${rule("back2", "NETAVARK-DN-FFFF")}\n-A NETAVARK-DN-B23C -j DNAT\nCOMMIT\n`;
  const commands = ["*nat", `-D ${rule("back", "NETAVARK-DN-B23C")}`, "-F NETAVARK-DN-B23C", "COMMIT"];
  expect(iptablesCommands(listing, "back")).toEqual(commands);
  expect(iptablesCommands(listing, "other")).toEqual([]);
});
