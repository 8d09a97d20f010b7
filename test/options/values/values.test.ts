// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.
import { expect, test } from "bun:test";
import { isIpv4, isIpv6, parseDns, parseHostEntry } from "../../../src/options/values/address.ts";
import { parseCapability } from "../../../src/options/values/capability.ts";
import { isDeferred, problemOf, type ValueParser } from "../../../src/options/values/check.ts";
import { parseAssignment, parseEntrypoint, parseEnvironment } from "../../../src/options/values/command.ts";
import { isShortName, parseImageName } from "../../../src/options/values/image-name.ts";
import { joinMount, parseMount, splitMount } from "../../../src/options/values/mount/mount.ts";
import { parseTmpfs } from "../../../src/options/values/mount/tmpfs.ts";
import {
  parseContainerName,
  parseHostName,
  parseNetworkName,
  parseServiceName,
  parseUser,
  parseUserAndGroup,
} from "../../../src/options/values/name.ts";
import { parseNetwork } from "../../../src/options/values/network.ts";
import { absolutePath, parseContainerPath, parseTimezone } from "../../../src/options/values/path.ts";
import { parseExposedPort, parsePort, parsePublishedPort } from "../../../src/options/values/port.ts";
import { parsePullPolicy } from "../../../src/options/values/pull.ts";
import { parseShare, SHARED_BY_DEFAULT } from "../../../src/options/values/share.ts";
import { parseSignal } from "../../../src/options/values/signal.ts";
import { memoryMax, parseMemory, parseSize } from "../../../src/options/values/size.ts";
import { parseStopTimeout, timeoutStop } from "../../../src/options/values/stop-timeout.ts";
import { parseSysctl } from "../../../src/options/values/sysctl.ts";
import { parsePidsLimit, tasksMax } from "../../../src/options/values/task-limit.ts";
import { parseTimeSpan } from "../../../src/options/values/time-span.ts";
import { parseUlimit } from "../../../src/options/values/ulimit.ts";
import { parseVolume, splitVolume } from "../../../src/options/values/volume.ts";

/** The value that a text has. */
function parsed<T>(parse: ValueParser<T>, text: string): T {
  const outcome = parse(text);
  if ("value" in outcome) return outcome.value;
  throw new Error(`no value: ${text}`);
}

interface Cases {
  readonly good: readonly string[];
  /** Value, and where in it the problem is. */
  readonly bad: readonly (readonly [value: string, at: number])[];
}

const CHECKS: readonly (readonly [name: string, ValueParser<unknown>, Cases])[] = [
  [
    "checkShare",
    parseShare,
    {
      good: ["", "none", "net", "ipc,net,uts", "+pid", "pid,ipc,net,uts", "user", "none,ipc", "+none", "${KINDS}"],
      bad: [
        ["cgroup", 0],
        ["mnt", 0],
        ["net,+pid", 0],
        ["net, pid", 0],
        ["bogus", 0],
      ],
    },
  ],
  [
    "checkPort",
    parsePort,
    {
      good: ["1", "65535", "${PORT}"],
      bad: [
        ["0", 0],
        ["65536", 0],
        ["http", 0],
        ["", 0],
        ["-1", 0],
        ["1.5", 0],
      ],
    },
  ],
  [
    "checkPublishPort",
    parsePublishedPort,
    {
      good: [
        "80",
        "80/udp",
        "8080:80",
        ":80:92",
        "127.0.0.1:80:90",
        "127.0.0.1::93",
        "::95",
        "[::1]:80:90",
        "[2001:db8::42]::94/tcp",
        "8000-8010:80-90",
        "${PORT}:${PORT}",
        "${IP}:80:80",
        "%i:80",
      ],
      bad: [
        ["80:http", 3],
        ["8080:80/icmp", 8],
        ["1.2.3:80:80", 0],
        ["::1:80:80", 0],
        ["1-3:1-4", 0],
        ["5-3", 0],
        ["80:", 3],
        ["1:2:3:4", 0],
      ],
    },
  ],
  [
    "checkExposedPort",
    parseExposedPort,
    {
      good: ["1000", "2000-3000/udp", "1/tcp"],
      bad: [
        ["x", 0],
        ["1-x", 2],
        ["1/sctpp", 2],
      ],
    },
  ],
  [
    "checkAddHost",
    parseHostEntry,
    {
      good: ["a:1.2.3.4", "a;b:::1", "x:host-gateway", "v6:[::1]"],
      bad: [
        ["a", 0],
        ["a:b", 2],
        [":1.2.3.4", 0],
        ["a:", 0],
      ],
    },
  ],
  [
    "checkDns",
    parseDns,
    {
      good: ["none", "8.8.8.8", "2001:db8::1", "${DNS}"],
      bad: [
        ["dns.example", 0],
        ["8.8.8", 0],
      ],
    },
  ],
  [
    "checkCapability",
    parseCapability,
    {
      good: ["CAP_NET_ADMIN", "net_admin", "ALL", "cap_chown"],
      bad: [
        ["CAP_NETADMIN", 0],
        ["", 0],
        ["cap_all", 0],
      ],
    },
  ],
  [
    "checkImageName",
    parseImageName,
    {
      good: [
        "app",
        "library/app:1.0",
        "registry.example:5000/a/b-c__d:T_1",
        "localhost/x",
        "docker://registry.example/x",
        `registry.example/x@sha256:${"a".repeat(64)}`,
        "a".repeat(64),
        "registry.example/%i:latest",
      ],
      bad: [
        ["registry.example/App", 17],
        ["registry.example/a:", 19],
        ["registry.example/a@sha256:abc", 19],
        ["a b", 0],
        ["-x", 0],
        ["x//y", 0],
      ],
    },
  ],
  [
    "checkContainerName",
    parseContainerName,
    {
      good: ["a", "a-b_c.d", "systemd-%N", "%p_%i", "${NAME}"],
      bad: [
        ["-a", 0],
        ["a b", 0],
        ['a"b', 0],
        ["a/%i", 0],
      ],
    },
  ],
  [
    "checkNetworkName",
    parseNetworkName,
    {
      good: ["back", "a-b_c.d", "systemd-%N"],
      bad: [
        ["host", 0],
        ["none", 0],
        ["container", 0],
        ["-x", 0],
      ],
    },
  ],
  [
    "checkHostName",
    parseHostName,
    {
      good: ["a", "a-b.example", "web_1", "%H"],
      bad: [
        ["a..b", 0],
        ["-a", 0],
        ["a b", 0],
        ["a".repeat(65), 0],
      ],
    },
  ],
  [
    "checkServiceName",
    parseServiceName,
    {
      good: ["a", "a-b@", "x\\x2dy"],
      bad: [
        ["", 0],
        ["a.service", 0],
        ["a/b", 0],
        ["a@b@c", 0],
        ["a b", 0],
      ],
    },
  ],
  [
    "checkUser",
    parseUser,
    {
      good: ["root", "0", "1000", "www-data", "%U"],
      bad: [
        ["a:b", 0],
        ["4294967295", 0],
        ["-x", 0],
        ["a b", 0],
      ],
    },
  ],
  [
    "checkUserAndGroup",
    parseUserAndGroup,
    {
      good: ["root", "1000", "1000:44", "app:www-data", "app:", "%U:%G"],
      bad: [
        ["a:b:c", 2],
        [":b", 0],
        ["a:-x", 2],
        ["4294967295:1", 0],
      ],
    },
  ],
  [
    "checkNetwork",
    parseNetwork,
    {
      good: [
        ...["host", "none", "bridge", "private", "pasta", "${NET}", "a.network", "back", "systemd-%i"],
        ...["bridge:ip=192.0.2.9", "back:ip=192.0.2.9,ip6=fd00::9,alias=db,alias=sql,mac=02:00:00:00:00:09"],
        ...["back:interface_name=lan0", "back:ip=${IP},alias=%i", "container:web", "ns:/run/netns/x", "ns:${NS}"],
      ],
      bad: [
        ["bridge:ip=1", 10],
        ["back:alias=a,ip6=192.0.2.9", 17],
        ["back:alias=a,mac=03:00:00:00:00:09", 17],
        ["back:interface_name=far-too-long-name", 20],
        ["back:interface_name=lo", 20],
        ["back:hostname=x", 5],
        ["back:ip", 5],
        ["host:x", 5],
        ["ns:x", 3],
        ["ns", 0],
        ["container:", 0],
        ["my net", 0],
        ["slirp4netns", 0],
        ['"host"', 0],
      ],
    },
  ],
  [
    "checkContainerPath",
    parseContainerPath,
    {
      good: ["/a", "%h/x", "/", "${DIR}/x"],
      bad: [
        ["a", 0],
        ["./a", 0],
        ["/a/../b", 0],
        ["", 0],
      ],
    },
  ],
  [
    "checkTimezone",
    parseTimezone,
    {
      good: ["local", "Etc/GMT+3", "America/Argentina/Ushuaia"],
      bad: [
        ["../x", 0],
        ["/etc/localtime", 0],
        ["a//b", 0],
      ],
    },
  ],
  [
    "checkPull",
    parsePullPolicy,
    {
      good: ["always", "newer"],
      bad: [
        ["Always", 0],
        ["", 0],
      ],
    },
  ],
  [
    "checkPidsLimit",
    parsePidsLimit,
    {
      good: ["-1", "0", "64", "100000"],
      bad: [
        ["63", 0],
        ["x", 0],
        ["-2", 0],
        ["%i", 0],
      ],
    },
  ],
  [
    "checkUlimit",
    parseUlimit,
    {
      good: ["host", "nofile=1000", "core=-1", "nofile=1:unlimited"],
      bad: [
        ["nofile", 0],
        ["files=1", 0],
        ["nofile=x", 7],
        ["nofile=2:1", 7],
        ["nofile=1:y", 9],
      ],
    },
  ],
  [
    "checkSysctl",
    parseSysctl,
    {
      good: ["net.ipv4.x=1", "kernel.sem=1 2", "fs.mqueue.msg_max=1"],
      bad: [
        ["kernel.x=1", 0],
        ["net.x", 0],
        ["=1", 0],
      ],
    },
  ],
  [
    "checkSignal",
    parseSignal,
    {
      good: ["SIGTERM", "term", "9", "RTMIN+3", "SIGRTMAX-1", "37"],
      bad: [
        ["SIGFOO", 0],
        ["0", 0],
        ["65", 0],
        ["RTMIN+99", 0],
        ["", 0],
      ],
    },
  ],
  [
    "checkSize",
    parseSize,
    {
      good: ["64m", "1.5g", "100", "0", "5kb", "1GiB", "${S}"],
      bad: [
        ["m", 0],
        ["5x", 0],
        ["-1", 0],
        ["", 0],
      ],
    },
  ],
  [
    "checkMemory",
    parseMemory,
    {
      good: ["20g", "512M"],
      bad: [
        ["${M}", 0],
        ["0", 0],
        ["lots", 0],
      ],
    },
  ],
  [
    "checkTimeSpan",
    parseTimeSpan,
    {
      good: ["5", "5min", "1h 30s", "2.5s"],
      bad: [
        ["0", 0],
        ["soon", 0],
        ["5 minuts", 0],
        ["", 0],
      ],
    },
  ],
  [
    "checkStopTimeout",
    parseStopTimeout,
    {
      good: ["0", "10", "-1"],
      bad: [
        ["5s", 0],
        ["x", 0],
        ["-5", 0],
      ],
    },
  ],
  [
    "checkTmpfs",
    parseTmpfs,
    {
      good: ["/t", "/t:size=64m,mode=1777,U,noexec", "/t:size=50%%"],
      bad: [
        ["t", 0],
        ["/t:size=x", 8],
        ["/t:rw,foo", 6],
        ["/t:mode=9", 8],
        ["/t:uid", 3],
      ],
    },
  ],
  [
    "checkVolume",
    parseVolume,
    {
      good: [
        ...["/a:/b", "./a:/b:ro,Z", "name:/b", "/b", ":/b", "%h/x:/x", "${V}", "${SRC}:/x", "/a:/b:rslave,noexec"],
        ...["/a:/b:O", "/a:/b:O,upperdir=/u,workdir=/w", "name:/b:nocreate,copy", "/a:/b:ro,ro,cached"],
        ...["/a:/b:idmap", "/a:/b:idmap=uids=0-1000-10#10-11-10;gids=@0-0-10,ro"],
      ],
      bad: [
        ["/a:b", 3],
        ["/a:/b:xx", 6],
        ["/a:/b:ro,xx", 9],
        ["a b:/c", 0],
        ["x/y:/c", 0],
        ["/a:/b:O,upperdir=/u", 6],
        ["/a:/b:upperdir=/u,workdir=/w", 6],
        ["/a:/b:O,upperdir=u,workdir=/w", 8],
        ["/a:/b:ro,rw", 9],
        ["/a:/b:idmap=uids=0-1000", 6],
        ["/a:/b:idmap=users=0-0-1", 6],
        ["/a:/b:rshared,noexec,private", 21],
        ["/a:", 3],
      ],
    },
  ],
  [
    "checkMount",
    parseMount,
    {
      good: [
        "type=bind,src=/a,dst=/b",
        "type=bind,source=./a,target=/b,ro,bind-propagation=rshared,Z",
        "destination=/t,type=tmpfs,tmpfs-size=64m,tmpfs-mode=1777",
        'type=bind,"source=/a,b",target=/b',
        "type=tmpfs,dst=/t,ro,size=5m",
        "type=tmpfs,dst=/t,notmpcopyup,chown=true,tmpfs-mode=700",
        "type=volume,dst=/b",
        "dst=/b",
        "type=volume,src=data,dst=/b,subpath=a/b,nocopy,U,volume-label=a=b",
        "type=glob,src=/a/*,ro",
        "type=glob,src=/a/*,dst=/b",
        "type=image,src=registry.example/i:1,dst=/b,rw=true,subpath=/x",
        "type=devpts,dst=/b,uid=1,gid=5,mode=620,max=10",
        "type=ramfs,dst=/b,mode=700,noexec",
      ],
      bad: [
        ["type=bind,dst=/b", 0],
        ["type=bind,src,dst=/b", 10],
        ["type=bind,src=/a", 0],
        ["type=bind,src=/a,dst=b", 21],
        ["type=bind,src=/a,dst=/b,sliced", 24],
        ["type=tmpfs,dst=/b,src=/x", 18],
        ["type=tmpfs,dst=/b,sise=1", 18],
        ["type=artifact,src=a,dst=/b", 0],
        ["type=volume,src=data", 0],
        ["type=volume,src=data,dst=/b,bind-propagation=slave", 28],
        ["type=bind,src=/a,dst=/b,subpath=x", 24],
        ["type=bind,src=/a,dst=/b,ro=perhaps", 27],
        ["type=bind,src=/a,dst=/b,relabel=all", 32],
        ["type=image,src=i,dst=/b,noexec", 24],
        ["type=image,dst=/b", 0],
        ["type=devpts,dst=/b,uid=root", 23],
        ["type=devpts,dst=/b,size=1", 19],
        ["type=ramfs,dst=/b,size=1m", 18],
        ["type=tmpfs,dst=/b,tmpfs-mode=9", 29],
        ["type=nothing,dst=/b", 0],
        ['type=bind,"src=/a', 10],
      ],
    },
  ],
  [
    "checkEntrypoint",
    parseEntrypoint,
    {
      good: ["/bin/sh", '["a", "b"]', "[]", ""],
      bad: [
        ["[a]", 0],
        ["[1]", 0],
        ['["a"', 0],
      ],
    },
  ],
  [
    "checkEnvironmentName",
    parseEnvironment,
    {
      good: ["A=1", "A", "A*", "A="],
      bad: [
        ["=1", 0],
        ["A B=1", 0],
      ],
    },
  ],
  [
    "checkNamedValue",
    parseAssignment,
    {
      good: ["a=1", "a="],
      bad: [
        ["a", 0],
        ["=b", 0],
      ],
    },
  ],
];

for (const [name, parse, { good, bad }] of CHECKS) {
  test(name, () => {
    const check = (text: string) => problemOf(parse(text));
    for (const value of good) expect({ value, problem: check(value) }).toEqual({ value, problem: undefined });
    for (const [value, at] of bad) {
      const problem = check(value);
      expect({ value, refused: problem !== undefined }).toEqual({ value, refused: true });
      expect({ value, at: problem?.at ?? 0 }).toEqual({ value, at });
    }
  });
}

test("what systemd fills in is not judged", () => {
  for (const text of ["%i", "a%nb", "${X}", "x${X}y", "$X"])
    expect({ text, deferred: isDeferred(text) }).toEqual({ text, deferred: true });
  for (const text of ["", "50%%", "a$b", "$$", "%", "plain"])
    expect({ text, deferred: isDeferred(text) }).toEqual({ text, deferred: false });
});

test("names without a registry are short", () => {
  for (const name of ["app", "library/app", "app:1"]) expect(isShortName(name)).toBe(true);
  for (const name of ["localhost/app", "r.example/app", "r:5000/app", `sha256:${"a".repeat(64)}`])
    expect(isShortName(name)).toBe(false);
});

test("addresses", () => {
  expect(["1.2.3.4", "0.0.0.0", "255.255.255.255"].every(isIpv4)).toBe(true);
  expect(["1.2.3", "1.2.3.4.", "256.1.1.1", "01.2.3.4", "1.2.3.4.5"].some(isIpv4)).toBe(false);
  expect(["::", "::1", "2001:db8::1", "::ffff:1.2.3.4"].every(isIpv6)).toBe(true);
  expect([":::", "1::2::3", "g::1", "1.2.3.4", "::1%eth0"].some(isIpv6)).toBe(false);
});

test("values in systemd's words", () => {
  expect(["20g", "512M", "1.5k", "100", "1t"].map((text) => memoryMax(parsed(parseMemory, text)))).toEqual([
    "20G",
    "512M",
    "1536",
    "100",
    "1T",
  ]);
  expect(["1kb", "1KiB", "2 m"].map((text) => parsed(parseSize, text))).toEqual([1024, 1024, 2 * 1024 * 1024]);
  expect(["-1", "0", "0100"].map((text) => tasksMax(parsed(parsePidsLimit, text)))).toEqual([
    "infinity",
    "infinity",
    "100",
  ]);
  expect(["-1", "030"].map((text) => timeoutStop(parsed(parseStopTimeout, text)))).toEqual(["infinity", "30"]);
  expect(["15", "int", "SIGRTMIN+3", "RTMAX", "poll"].map((text) => parsed(parseSignal, text))).toEqual([
    "SIGTERM",
    "SIGINT",
    "SIGRTMIN+3",
    "SIGRTMIN+30",
    "SIGIO",
  ]);
});

test("relative paths", () => {
  expect(absolutePath("a/../b/", "/d")).toBe("/d/b");
  expect(absolutePath(".", "/d")).toBe("/d");
  expect(absolutePath("/x/../y", "/d")).toBe("/x/../y");
  expect(absolutePath("%h/x", "/d")).toBe("%h/x");
  expect(absolutePath("%%h/x", "/d")).toBe("/d/%%h/x");
});

test("volumes and mounts in their parts", () => {
  expect(splitVolume("a:/b:ro:x")).toMatchObject({ source: "a", destination: "/b", options: "ro:x" });
  expect(splitVolume(":/b")).toEqual({ destination: "/b", destinationAt: 1, optionsAt: 3 });
  const record = 'type=bind,"source=/a,""b""",dst=/b';
  const fields = splitMount(record).fields.map(({ text }) => text);
  expect(fields).toEqual(["type=bind", 'source=/a,"b"', "dst=/b"]);
  expect(joinMount(fields)).toBe(record);
});

test("--share: a list in place of the default one, or more than it", () => {
  expect(SHARED_BY_DEFAULT).toEqual(["ipc", "net", "uts"]);
  expect(parsed(parseShare, "+pid")).toEqual(["ipc", "net", "pid", "uts"]);
  expect(parsed(parseShare, "pid,net")).toEqual(["net", "pid"]);
  for (const none of ["", "none", "user", "none,ipc", "+none"]) expect(parsed(parseShare, none)).toEqual([]);
});
