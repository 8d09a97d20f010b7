import { expect, test } from "bun:test";
import { memberLines } from "../../../../src/runtime/network/connect/pod-member-names.ts";

const request = (static_ips: string[], dns_servers?: string[]) => ({
  ...{ container_id: "pod", container_name: "shop", port_mappings: [], network_info: {} },
  networks: { net: { static_ips, interface_name: "eth0", aliases: [] } },
  ...(dns_servers === undefined ? {} : { dns_servers }),
});
const MEMBERS = { a: ["web", "www"], b: ["db"] };

test.each([
  [["192.0.2.2"], undefined, ["a 192.0.2.2  web,www", "b 192.0.2.2  db"]],
  [["192.0.2.2", "2001:db8::2"], undefined, ["a 192.0.2.2 2001:db8::2 web,www", "b 192.0.2.2 2001:db8::2 db"]],
  [["2001:db8::2"], ["192.0.2.53"], ["a  2001:db8::2 web,www 192.0.2.53", "b  2001:db8::2 db 192.0.2.53"]],
] as [string[], string[] | undefined, string[]][])(
  "a pod with %j and the resolvers %j",
  (addresses, servers, lines) => {
    expect(memberLines(request(addresses, servers), "net", MEMBERS)).toEqual(lines);
  },
);
