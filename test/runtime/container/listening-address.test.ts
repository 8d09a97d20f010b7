import { describe, expect, test } from "bun:test";
import { listeningAddress } from "../../../src/runtime/container/listening-address.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const LOOPBACK6 = "00000000000000000000000000000001 01 80 10 80       lo\n";

/** A line of /proc/net/tcp or tcp6; state 0A is LISTEN, 01 ESTABLISHED. */
function line(local: string, state = "0A"): string {
  return `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n`;
}

function address(port: number, tcp: string, tcp6 = "", addresses6 = LOOPBACK6): string | undefined {
  return listeningAddress({ tcp: HEAD + tcp, tcp6: HEAD + tcp6, addresses6 }, port);
}

describe("the address of a listener", () => {
  test("is the loopback's where all addresses are listened on", () => {
    expect(address(80, line("00000000:0050"))).toBe("127.0.0.1");
    expect(address(80, "", line(`${"0".repeat(32)}:0050`))).toBe("::1");
  });

  test("is its own where it has one", () => {
    expect(address(8080, line("0600570A:1F90"))).toBe("10.87.0.6");
    expect(address(8080, "", line("000080FE00000000C33EF4F67104E1FE:1F90"))).toBe("fe80:0:0:0:f6f4:3ec3:fee1:471");
  });

  test("is IPv4's for IPv6's any address where the namespace has no IPv6", () => {
    expect(address(80, "", line(`${"0".repeat(32)}:0050`), "")).toBe("127.0.0.1");
  });

  test("prefers all addresses to one, and IPv4 to IPv6", () => {
    const both = line("0600570A:0050") + line("00000000:0050");
    expect(address(80, both, line(`${"0".repeat(32)}:0050`))).toBe("127.0.0.1");
  });

  test("is none without a listener on that port", () => {
    expect(address(80, "")).toBeUndefined();
    expect(address(80, line("00000000:0051"))).toBeUndefined();
    expect(address(80, line("0100007F:0050", "01"))).toBeUndefined();
    expect(listeningAddress({ tcp: "", tcp6: "", addresses6: "" }, 80)).toBeUndefined();
  });
});
