import { expect, test } from "bun:test";
import { itemParser, itemsOf } from "../../../src/options/flags/comma-list.ts";
import { FlagReader } from "../../../src/options/flags/flag-reader.ts";
import { parseRunFlags } from "../../../src/options/flags/parse.ts";
import { RUN, type RunFlag } from "../../../src/options/flags/run-flags.ts";
import { toRunRequest } from "../../../src/options/requests/parse-run-request.ts";
import { problemOf } from "../../../src/options/values/check.ts";

function read(...words: string[]) {
  const { flags, rest, problems } = parseRunFlags(words);
  expect(problems).toEqual([]);
  return toRunRequest(flags, rest[0] ?? "", rest.slice(1), { cwd: "/", scope: { kind: "system" } });
}

test("lists with commas are so many values, in the flags that podman takes them in", () => {
  const request = read(
    ...["--cap-add", "SYS_ADMIN,net_raw", "--cap-drop=MKNOD,CHOWN", "-p", "7001:80,7002:81/udp"],
    ...["--dns", "192.0.2.1,192.0.2.2", "--dns-search", "a.b,c.d", "--dns-opt", "ndots:1,timeout:2"],
    ...["--add-host", "a:192.0.2.1,b:192.0.2.2", "--ulimit", "nofile=99,nproc=98:99"],
    ...["--sysctl", "net.ipv4.ip_forward=1,net.core.somaxconn=99", "--net", "front", "--net-alias", "x,y", "image"],
  );
  expect(request).toMatchObject({
    capAdd: ["SYS_ADMIN", "NET_RAW"],
    capDrop: ["MKNOD", "CHOWN"],
    dns: ["192.0.2.1", "192.0.2.2"],
    dnsSearch: ["a.b", "c.d"],
    dnsOptions: ["ndots:1", "timeout:2"],
    sysctls: { "net.ipv4.ip_forward": "1", "net.core.somaxconn": "99" },
    network: { mode: "bridge", networks: [{ name: "front", aliases: ["x", "y"] }] },
  });
  expect(request.ports.map(({ hostPort, protocol }) => [hostPort, protocol])).toEqual([
    [7001, "tcp"],
    [7002, "udp"],
  ]);
  expect(request.addHosts.map(({ address }) => address)).toEqual(["192.0.2.1", "192.0.2.2"]);
  expect(request.ulimits).toEqual([
    { type: "nofile", soft: 99, hard: 99 },
    { type: "nproc", soft: 98, hard: 99 },
  ]);
});

test("a comma is a part of values that are no lists, and of a parameter's value", () => {
  expect(read("--env", "A=1,B=2", "--label", "a=1,b=2", "image")).toMatchObject({
    env: ["A=1,B=2"],
    labels: { a: "1,b=2" },
  });
  expect(read("--sysctl", "net.ipv4.ip_local_reserved_ports=8080,9148", "image").sysctls).toEqual({
    "net.ipv4.ip_local_reserved_ports": "8080,9148",
  });
});

test("a field in quotes may have commas", () => {
  const texts = (text: string) => itemsOf(RUN.dnsSearch, text).map((item) => item.text);
  expect(texts('"a,b",c')).toEqual(["a,b", "c"]);
  expect(texts('x,"a""b",')).toEqual(["x", 'a"b', ""]);
  expect(texts('"a,b"c')).toEqual(['"a,b"c']);
});

test("every item is judged, and a problem is at its place", () => {
  const parse = itemParser(RUN.capAdd);
  expect(parse && problemOf(parse("NET_ADMIN,NET_ADMN"))).toMatchObject({ code: "bad-capability", at: 10 });
  expect(parse?.("NET_ADMIN,%i")).toEqual({ deferred: true });
  const { flags } = parseRunFlags(["--cap-add", "NET_ADMIN,NET_ADMN"]);
  expect(() => new FlagReader<RunFlag>(RUN, flags)).toThrow('--cap-add NET_ADMN: "NET_ADMN" is not a capability');
});
