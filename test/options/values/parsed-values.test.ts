// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.
import { expect, test } from "bun:test";
import { formatAddress } from "../../../src/ip-address.ts";
import { parseDns, parseHostEntry, parseIpAddress, parseIpv4, parseIpv6 } from "../../../src/options/values/address.ts";
import { CAPABILITIES, parseCapability } from "../../../src/options/values/capability.ts";
import { DEFERRED, unexpandedPart, type ValueParser, valueIn } from "../../../src/options/values/check.ts";
import {
  parseAssignment,
  parseEntrypoint,
  parseEnvironment,
  parseLabel,
  passesOn,
  splitEnvironment,
} from "../../../src/options/values/command.ts";
import { parseDuration } from "../../../src/options/values/duration.ts";
import { parseExitPolicy } from "../../../src/options/values/exit-policy.ts";
import { parseImageName, parseImageReference } from "../../../src/options/values/image-name.ts";
import { parseIdMapOption } from "../../../src/options/values/mount/id-map-option.ts";
import { parseMount } from "../../../src/options/values/mount/mount.ts";
import { parseTmpfs } from "../../../src/options/values/mount/tmpfs.ts";
import {
  parseContainerName,
  parseHostName,
  parseNameInUnit,
  parseNetworkName,
  parseNumericId,
  parseOwnerId,
  parseServiceName,
  parseUser,
  parseUserAndGroup,
} from "../../../src/options/values/name.ts";
import {
  parseInterfaceName,
  parseIpamDriver,
  parseMacAddress,
  parseNetwork,
  parseNetworkAlias,
  parsePodNetwork,
  parseResolverWord,
} from "../../../src/options/values/network.ts";
import { parseNotifyMode } from "../../../src/options/values/notify-mode.ts";
import { cleanPath, parseContainerPath, parseTimezone } from "../../../src/options/values/path.ts";
import { parseExposedPort, parsePort, parsePublishedPort } from "../../../src/options/values/port.ts";
import { parseCredentials, parsePullPolicy, parseRetry } from "../../../src/options/values/pull.ts";
import { parseSecurityOption } from "../../../src/options/values/security-option.ts";
import { parseShare } from "../../../src/options/values/share.ts";
import { parseSignal, signalNumber } from "../../../src/options/values/signal.ts";
import { memoryMax, parseMemory, parseSize } from "../../../src/options/values/size.ts";
import { parseStopTimeout, timeoutStop } from "../../../src/options/values/stop-timeout.ts";
import { parseIpRange, parseSubnetKey } from "../../../src/options/values/subnet.ts";
import { parseSysctl } from "../../../src/options/values/sysctl.ts";
import { parseCount, parsePidsLimit } from "../../../src/options/values/task-limit.ts";
import { parseTimeSpan } from "../../../src/options/values/time-span.ts";
import { parseUlimit } from "../../../src/options/values/ulimit.ts";
import { parseIdMapping, parseUserNamespace } from "../../../src/options/values/user-namespace.ts";
import { parseVolume, parseVolumeDriver } from "../../../src/options/values/volume.ts";

const NO_OPTIONS = { aliases: [], ips: [], mac: undefined, interfaceName: undefined };

/** Parsers by name: texts with their values, then texts in which systemd has yet to fill something in. */
const VALUES: readonly (readonly [
  name: string,
  parse: ValueParser<unknown>,
  values: readonly (readonly [text: string, value: unknown])[],
  deferred: readonly string[],
])[] = [
  ["IP address", parseIpAddress, [["::1", "::1"]], ["%i", "10.0.0.${N}"]],
  ["IPv4", parseIpv4, [["10.0.0.1", "10.0.0.1"]], ["10.0.0.%i"]],
  ["IPv6", parseIpv6, [["fd00::1", "fd00::1"]], ["fd00::%i"]],
  ["DNS", parseDns, [["none", "none"]], ["%i"]],
  [
    "host entry",
    parseHostEntry,
    [["a;b:[::1]", { names: ["a", "b"], address: "::1" }]],
    ["%i", "%i:10.0.0.1", "a:${IP}", "%i:host-gateway"],
  ],
  [
    "capability",
    parseCapability,
    [
      ["CAP_Kill", "KILL"],
      ["all", "ALL"],
    ],
    ["%i"],
  ],
  [
    "entrypoint",
    parseEntrypoint,
    [
      ["", []],
      ["%i", ["%i"]],
      ['["a","${B}"]', ["a", "${B}"]],
    ],
    ['["a", %i]'],
  ],
  ["environment", parseEnvironment, [["A=%i", "A=%i"]], []],
  ["assignment", parseAssignment, [["a=b=%i", ["a", "b=%i"]]], ["%i", "${X}"]],
  [
    "label",
    parseLabel,
    [
      ["%i", ["%i", ""]],
      ["a=b=c", ["a", "b=c"]],
    ],
    [],
  ],
  ["exit policy", parseExitPolicy, [["stop", "stop"]], []],
  ["idmap", parseIdMapOption, [["uids=0-1-2;gids=@0-0-1#2-2-1", "uids=0-1-2;gids=@0-0-1#2-2-1"]], ["uids=%i"]],
  ["image name", parseImageName, [["r.example/a:1", "r.example/a:1"]], ["r.example/a:%i", "${IMAGE}"]],
  ["image reference", parseImageReference, [["oci:/a", "oci:/a"]], ["%i"]],
  [
    "mount",
    parseMount,
    [
      [
        "type=bind,src=/a,src=/b,dst=/c/",
        { type: "bind", source: "/b", target: "/c", options: [], labels: {}, subpath: undefined },
      ],
      [
        "src=v,dst=/c,subpath=x/%i,volume-label=a=b=c,volume-label=d,ro",
        { type: "volume", source: "v", target: "/c", options: ["ro"], labels: { a: "b=c", d: "" }, subpath: "x/%i" },
      ],
    ],
    [
      "type=tmpfs,dst=%i",
      "type=tmpfs,dst=/a,tmpfs-size=${S}",
      "type=bind,src=/a,dst=/b,ro=%i",
      "type=bind,src=/a,dst=/b,%i",
    ],
  ],
  ["container name", parseContainerName, [["web", "web"]], ["web-%i"]],
  ["network name", parseNetworkName, [["back", "back"]], ["${N}"]],
  ["name in a unit", parseNameInUnit, [["a:b%i", "a_b_i"]], []],
  ["host name", parseHostName, [["a.b", "a.b"]], ["%H"]],
  ["service name", parseServiceName, [["a@b", "a@b"]], []],
  ["user", parseUser, [["1", "1"]], ["%u"]],
  ["user and group", parseUserAndGroup, [["a:b", "a:b"]], ["a:%g"]],
  [
    "numeric id",
    parseNumericId,
    [
      ["root", 0],
      ["7", 7],
    ],
    [],
  ],
  ["owner id", parseOwnerId, [["7", 7]], ["%U"]],
  ["MAC address", parseMacAddress, [["0a:00:00:00:00:01", "0a:00:00:00:00:01"]], ["%i"]],
  ["network alias", parseNetworkAlias, [["db", "db"]], ["%i"]],
  ["resolver word", parseResolverWord, [["ndots:1", "ndots:1"]], ["%i"]],
  ["interface name", parseInterfaceName, [["eth0", "eth0"]], ["eth%i"]],
  ["IPAM driver", parseIpamDriver, [["dhcp", "dhcp"]], ["%i"]],
  [
    "network",
    parseNetwork,
    [
      ["host", { kind: "host" }],
      ["container:a", { kind: "container", name: "a" }],
      ["ns:/a", { kind: "ns", path: "/a" }],
      ["pasta", { kind: "pasta", options: [] }],
      ["pasta:-a,b", { kind: "pasta", options: ["-a", "b"] }],
      ["bridge", { kind: "name", name: "berth", options: NO_OPTIONS }],
      ["private:alias=a", { kind: "default", options: { ...NO_OPTIONS, aliases: ["a"] }, words: ["alias=a"] }],
      ["a:mac=02:00:00:00:00:01", { kind: "name", name: "a", options: { ...NO_OPTIONS, mac: "02:00:00:00:00:01" } }],
    ],
    ["%i", "a:ip=%i", "ns:%t/a", "a-%i:ip=10.0.0.1"],
  ],
  ["pod's network", parsePodNetwork, [["none", { kind: "none" }]], ["%i"]],
  [
    "notify mode",
    parseNotifyMode,
    [
      ["conmon", "started"],
      ["container", "container"],
    ],
    [],
  ],
  ["container path", parseContainerPath, [["/a/%i", "/a/%i"]], ["%h/a", "${DIR}"]],
  ["time zone", parseTimezone, [["local", "local"]], ["%i"]],
  ["port", parsePort, [["080", 80]], ["%i", "${PORT}"]],
  ["exposed port", parseExposedPort, [["80-90/udp", "80-90/udp"]], ["%i", "80/%i"]],
  [
    "published port",
    parsePublishedPort,
    [
      ["127.0.0.1::80-81", { hostIp: "127.0.0.1", hostPort: 0, containerPort: 80, range: 2, protocol: "tcp" }],
      ["[::]:1-2:3-4/sctp", { hostIp: "::", hostPort: 1, containerPort: 3, range: 2, protocol: "sctp" }],
    ],
    ["%i:80", "80:${PORT}", "${IP}:80:80", "80/%i", "%i-90:80-90"],
  ],
  ["pull policy", parsePullPolicy, [["newer", "newer"]], ["%i"]],
  ["retries", parseRetry, [["05", 5]], ["%i"]],
  ["credentials", parseCredentials, [["a:b:%i", { username: "a", password: "b:%i" }]], ["%i"]],
  ["count", parseCount, [["7", 7]], []],
  [
    "tasks",
    parsePidsLimit,
    [
      ["-1", Number.POSITIVE_INFINITY],
      ["64", 64],
    ],
    [],
  ],
  ["sysctl", parseSysctl, [["net/a=%i", ["net/a", "%i"]]], ["%i=1"]],
  [
    "resource limit",
    parseUlimit,
    [
      ["host", "host"],
      ["core=1:unlimited", { type: "core", soft: 1, hard: -1 }],
    ],
    ["nofile=%i", "%i"],
  ],
  [
    "security option",
    parseSecurityOption,
    [
      ["no-new-privileges:true", { noNewPrivileges: true }],
      ["seccomp:unconfined", { seccomp: "unconfined" }],
    ],
    ["seccomp=%h/a.json"],
  ],
  ["shared kinds", parseShare, [["pid,ipc", ["ipc", "pid"]]], ["+%i"]],
  [
    "signal",
    parseSignal,
    [
      ["34", "SIGRTMIN+0"],
      ["rtmax-30", "SIGRTMIN+0"],
      ["9", "SIGKILL"],
    ],
    [],
  ],
  ["size", parseSize, [["1.5k", 1536]], ["${X}"]],
  ["memory", parseMemory, [["1m", 1024 * 1024]], []],
  ["subnet", parseSubnetKey, [["10.0.0.0/8", "10.0.0.0/8"]], ["10.%i.0.0/16"]],
  ["stop time-out", parseStopTimeout, [["010", 10]], []],
  ["time span", parseTimeSpan, [["1h 30s", "1h 30s"]], []],
  [
    "duration",
    parseDuration,
    [
      ["1m.5s", 60_500],
      ["0", 0],
    ],
    ["%i"],
  ],
  ["tmpfs", parseTmpfs, [["/a/:size=50%,ro", { target: "/a", options: ["size=50%", "ro"] }]], ["%t/a", "/a:size=${S}"]],
  [
    "id mapping",
    parseIdMapping,
    [["+u0:@1:2", { inside: 0, outside: 1, size: 2, ofHost: true, extends: true, kinds: ["uid"] }]],
    ["0:%U"],
  ],
  [
    "user namespace",
    parseUserNamespace,
    [
      ["", { mode: "host" }],
      ["ns:/a", { mode: "namespace", path: "/a" }],
    ],
    ["%i"],
  ],
  [
    "volume",
    parseVolume,
    [
      ["/a", { target: "/a", options: [] }],
      ["./a:/b//:ro,idmap", { source: { path: "./a" }, target: "/b", options: ["ro", "idmap"] }],
      ["v:/b", { source: { volume: "v" }, target: "/b", options: [] }],
    ],
    ["${VOLUME}", "%h/a:/b", "/a:%i", "/a:/b:${OPTIONS}", "v-%i:/b"],
  ],
  [
    "volume driver",
    parseVolumeDriver,
    [
      ["", "local"],
      ["image", "image"],
    ],
    ["%i"],
  ],
];

test.each(VALUES.map((row) => [...row] as const))("%s", (_, parse, values, deferred) => {
  for (const [text, value] of values) expect({ text, parsed: parse(text) }).toEqual({ text, parsed: { value } });
  for (const text of deferred) expect({ text, parsed: parse(text) }).toEqual({ text, parsed: DEFERRED });
});

test("a problem beside a deferred part is reported", () => {
  for (const [parse, text] of [
    [parsePublishedPort, "${PORT}:99999"],
    [parseVolume, "%h/a:b"],
    [parseVolume, "/a:/b:%i,bogus"],
    [parseTmpfs, "/a:%i,size=x"],
    [parseNetwork, "a:ip=%i,mac=1"],
    [parseHostEntry, "%i:x"],
    [parseMount, "type=tmpfs,dst=%i,tmpfs-mode=9"],
  ] as const)
    expect({ text, parsed: parse(text) }).toEqual({ text, parsed: { problem: expect.anything() } });
});

test("a word of --env assigns a variable or passes some on", () => {
  expect(["A=b=c", "=x", "A", "A*", "*"].map(splitEnvironment)).toEqual([
    { name: "A", value: "b=c" },
    { name: "", value: "x" },
    { passed: "A" },
    { prefix: "A" },
    { prefix: "" },
  ]);
  const passed = (text: string) => ["A", "AB", "B"].filter((name) => passesOn(splitEnvironment(text), name));
  expect(["A", "A*", "*", "A=1"].map(passed)).toEqual([["A"], ["A", "AB"], ["A", "AB", "B"], []]);
});

test("an address range is its first and last address", () => {
  const ends = (text: string) => {
    const range = valueIn(parseIpRange(text));
    return range && [formatAddress(range.first), formatAddress(range.last)];
  };
  expect(ends("10.0.0.128/25")).toEqual(["10.0.0.128", "10.0.0.255"]);
  expect(ends("fd00::1-fd00::2")).toEqual(["fd00::1", "fd00::2"]);
  expect(parseIpRange("%i")).toEqual(DEFERRED);
});

test("values and their texts, there and back", () => {
  for (const bytes of [1, 1536, 2 ** 20, 3 * 2 ** 30]) expect(parseMemory(memoryMax(bytes))).toEqual({ value: bytes });
  for (const seconds of [1, 10, 600]) expect(parseStopTimeout(timeoutStop(seconds))).toEqual({ value: seconds });
  for (const name of CAPABILITIES) expect(parseCapability(`CAP_${name}`)).toEqual({ value: name });
  for (let number = 1; number <= 64; number++) {
    const name = valueIn(parseSignal(`${number}`));
    if (number === 32 || number === 33) expect(name).toBeUndefined();
    else expect(signalNumber(name ?? "")).toBe(number);
  }
  for (const path of ["/", "/a", "/a/b"]) expect(cleanPath(path)).toBe(path);
});

test("only what systemd knows counts as not expanded", () => {
  expect(["a%ib", "x${Y}", "$Y", "%%i%h", "%20"].map(unexpandedPart)).toEqual(["%i", "${Y}", "$Y", "%h", undefined]);
  expect(["", "50%", "%,", "$$", "a$b", "${", "%1"].map(unexpandedPart)).toEqual(Array(7).fill(undefined));
});

test("a very long value takes time in proportion to its length", () => {
  const many = 50_000;
  expect(parseDuration("0".repeat(many))).toMatchObject({ problem: { code: "bad-duration" } });
  expect(parseDuration("1s".repeat(many))).toEqual({ value: many * 1000 });
  const options = `${"U,".repeat(many)}${"ro,".repeat(many)}`;
  expect(valueIn(parseVolume(`/a:/b:${options}U`))?.options).toHaveLength(2 * many + 1);
  expect(parseVolume(`/a:/b:${options}rw`)).toMatchObject({ problem: { code: "contradiction" } });
  expect(valueIn(parseMount(`src=/a,dst=/b,${options}U`))?.options).toHaveLength(2 * many + 1);
});
