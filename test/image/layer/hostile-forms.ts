import { deflateSync, gzipSync } from "node:zlib";
import { dir, file, type Member, tar } from "../support/tar.ts";
import { type HostileLayer, OUTSIDE, pax, refused, unpacked } from "./hostile-layer.ts";

const AFTER = file("after", "y");
const record = (name: string, value: string, more: Partial<Member> = {}): Member[] => [
  file("a", "x", { ...more, pax: pax({ [name]: value }) }),
  AFTER,
];
const attribute = (name: string, value = "y"): Member[] => record(`SCHILY.xattr.${name}`, value);
const BOTH = ["a", "after"];

/** Devices, and attributes that overlayfs or the host's administrator would believe. */
const METADATA: readonly HostileLayer[] = [
  ...[
    [1, 3],
    [8, 0],
    [0, 0],
    [4095, 1048575],
  ].flatMap(([major = 0, minor = 0]) => [
    unpacked(`the device ${major}:${minor}`, ["n"], [{ name: "n", type: "3", major, minor }]),
    unpacked(`the disk ${major}:${minor}`, ["n"], [{ name: "n", type: "4", major, minor }]),
  ]),
  ...["3", "4"].flatMap((type) => [
    refused(`a device ${type} whose number is too large`, /device number/, [
      { name: "n", type, major: 0o7777777, minor: 1 },
    ]),
    refused(`a device ${type} whose number is negative`, /device number/, [
      { name: "n", type, fields: [[329, Buffer.alloc(8, 0xff)]] },
    ]),
    refused(`a device ${type} whose number is of 64 bits`, /device number/, [
      { name: "n", type, fields: [[329, Buffer.from([0xa4])]] },
    ]),
  ]),
  ...["redirect", "metacopy", "opaque", "origin", "overlay.whiteout", "impure"].flatMap((name) => [
    unpacked(`overlay's ${name}`, BOTH, attribute(`trusted.overlay.${name}`, "/../../precious")),
    unpacked(`a user's overlay's ${name}`, BOTH, attribute(`user.overlay.${name}`, "/../../precious")),
  ]),
  unpacked("another trusted attribute", BOTH, attribute("trusted.x")),
  unpacked("the SELinux label", BOTH, attribute("security.selinux", "system_u:object_r:x:s0")),
  unpacked("a malformed list of access", BOTH, attribute("system.posix_acl_access", "junk")),
  unpacked("an attribute of no name space", BOTH, attribute("foo.bar")),
  unpacked("an attribute in libarchive's words", BOTH, record("LIBARCHIVE.xattr.trusted.overlay.redirect", "L2U=")),
  refused("an attribute of 65537 bytes", /longer than 65536/, attribute("user.a", "v".repeat(65_537))),
  refused("an attribute whose name is too long", /name is malformed/, attribute(`user.${"n".repeat(251)}`)),
  refused("an attribute whose name has a NUL", /name is malformed/, attribute("user.a\0b")),
  refused("an attribute without a name", /name is malformed/, attribute("")),
];

/** Where a header has its numbers. */
const FIELDS = { mode: [100, 8], owner: [108, 8], group: [116, 8], size: [124, 12], time: [136, 12] } as const;
const NO_NUMBERS: readonly [string, (width: number) => Buffer][] = [
  ["text", (width) => Buffer.from("x".repeat(width))],
  ["a minus", (width) => Buffer.from("-1".padEnd(width, "\0"))],
  ["digits that are not octal", (width) => Buffer.from("9".repeat(width - 1))],
  ["two numbers", (width) => Buffer.from("1 2".padEnd(width, " "))],
];

/** Numbers that are none, or of a size that nothing has. */
const NUMBERS: readonly HostileLayer[] = [
  ...Object.entries(FIELDS).flatMap(([name, [at, width]]) =>
    NO_NUMBERS.map(([what, bytes]) =>
      refused(`${what} for the ${name}`, /is no number/, [file("a", "", { fields: [[at, bytes(width)]] }), AFTER]),
    ),
  ),
  ...[0x81, 0xa0, 0xbf, 0xc0, 0xfe, 0xff].map((byte) =>
    refused(`a size that begins with 0x${byte.toString(16)}`, /size is (no number|out of range)/, [
      file("a", "", { fields: [[124, Buffer.alloc(12, byte)]] }),
      AFTER,
    ]),
  ),
  ...["-1", "0x10", "1e3", " 1", "9007199254740993000", "99999999999999999"].map((size) =>
    refused(
      `the pax size ${JSON.stringify(size)}`,
      /bad size|exceeds|too large|more than|out of range|in the middle|malformed/i,
      record("size", size),
    ),
  ),
  ...["4294967295", "-1", "1e3", "x", "99999999999"].flatMap((id) => [
    refused(`the owner ${id}`, /out of range/, record("uid", id)),
    refused(`the group ${id}`, /out of range/, record("gid", id)),
  ]),
  ...["NaN", "1e30", "now", "9".repeat(16), "--1"].map((time) =>
    refused(`the time ${time}`, /time is malformed/, record("mtime", time)),
  ),
  ...["-9999999999.5", "9999999999.999999999999"].map((time) =>
    unpacked(`the time ${time}`, BOTH, record("mtime", time)),
  ),
];

/** Extended headers and sparse files. */
const HEADERS: readonly HostileLayer[] = [
  ...["12 path=x\n", "0 a=b\n", "-5 a=b\n", "6 abc\n", "99999999999 a=b\n", "5 =b\n", "x", "6 a=bc"].map((data) =>
    refused(`the record ${JSON.stringify(data)}`, /pax header/, [{ name: "p", type: "x", data }, AFTER]),
  ),
  ...["path", "linkpath", "size", "uid", "gid", "mtime"].map((name) =>
    unpacked(`an empty ${name}`, BOTH, record(name, "")),
  ),
  unpacked("an empty extended header", ["after"], [{ name: "p", type: "x", data: "" }, AFTER]),
  unpacked("names of JavaScript's", BOTH, [
    file("a", "", { pax: pax({ constructor: "y", toString: "z", hasOwnProperty: "" }) }),
    AFTER,
  ]),
  unpacked(
    "an extended header before the end",
    ["after"],
    [AFTER, { name: "p", type: "x", data: "19 path=../escaped\n" }],
  ),
  refused("an extended header of more than 4 MiB", /an extended header of 4194305 bytes/, [
    { name: "p", type: "x", data: Buffer.alloc(2 ** 22 + 1) },
    AFTER,
  ]),
  ...Object.entries({
    overlap: "0,2,1,2",
    "odd numbers": "0,2,3",
    "beyond the end": "9,2",
    negative: "-5,2",
    text: "a,b",
  }).map(([what, map]) =>
    refused(`a sparse map: ${what}`, /sparse map/, [
      file("a", "ab", { pax: pax({ "GNU.sparse.size": "10", "GNU.sparse.map": map }) }),
    ]),
  ),
  refused("a sparse map of 200,000 numbers", /more than 100000 extents|sparse map/, [
    file("a", "", { pax: pax({ "GNU.sparse.size": "10", "GNU.sparse.map": "0,0,".repeat(100_001).slice(0, -1) }) }),
  ]),
  refused("a sparse file of 300 GiB", /more than .* bytes/, [
    file("a", "0\n".padEnd(512, "\0"), {
      pax: pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": String(300 * 2 ** 30) }),
    }),
  ]),
  refused("a sparse file with more extents than it says", /sparse map/, [
    file("a", "9999999\n".padEnd(512, "\0"), {
      pax: pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "10" }),
    }),
  ]),
  ...["V", "M", "D", "N", "X", "A", "S", "Z"].map((type) =>
    refused(`the type ${type}`, /not supported/, [{ name: "a", type, data: "x" }, AFTER]),
  ),
];

const SOUND = tar([dir("etc"), file("etc/x")]);
const ESCAPE = tar([file("../escaped")]);
const blob = (what: string, bytes: Buffer, says: RegExp | undefined, archive = SOUND): HostileLayer => ({
  what,
  members: archive,
  blob: bytes,
  ...(says === undefined ? {} : { says }),
});
const gzip = gzipSync(SOUND);

/** Streams that end too early or too late, or hide another. */
const STREAMS: readonly HostileLayer[] = [
  blob(
    "two streams of gzip",
    Buffer.concat([gzipSync(SOUND.subarray(0, 700)), gzipSync(SOUND.subarray(700))]),
    undefined,
  ),
  blob("a stream behind the end", Buffer.concat([gzip, gzipSync(ESCAPE)]), undefined, Buffer.concat([SOUND, ESCAPE])),
  blob("a cut stream", gzip.subarray(0, -10), /end|truncated|corrupt|incomplete/i),
  blob(
    "a wrong checksum of gzip",
    Buffer.concat([gzip.subarray(0, -8), Buffer.alloc(4), gzip.subarray(-4)]),
    /incorrect|check|crc/i,
  ),
  blob("gzip in gzip", gzipSync(gzip), /in the middle/, gzip),
  blob("zlib", deflateSync(SOUND), /in the middle/),
  blob("zip", Buffer.from("PK\x03\x04".padEnd(600, "x")), /compressed by zip/),
  blob("junk that looks like zstd", Buffer.concat([Buffer.from("28b52ffd", "hex"), Buffer.alloc(100, 0xff)]), /./),
  blob("a zstd window of 2 GiB", Buffer.from("28b52ffd00f8010000", "hex"), /./),
  blob("a frame to be skipped that has no end", Buffer.from("502a4d18ffffffff61626364", "hex"), /./),
  blob("another layer", gzipSync(tar([AFTER])), /should be/),
  refused(
    "a wrong checksum",
    /no tar archive/,
    Buffer.from(SOUND.toString("latin1").replace("etc/x", "etc/y"), "latin1"),
  ),
  refused("one empty block", /empty block/, Buffer.concat([tar([AFTER]).subarray(0, -512), ESCAPE])),
  unpacked("an entry behind the end", ["after"], Buffer.concat([tar([AFTER]), ESCAPE])),
  refused("half a header", /end/i, tar([AFTER, file("b")]).subarray(0, 1300)),
  unpacked("no bytes", [], Buffer.alloc(0)),
  unpacked("folders of old archives", ["d", "d/x"], [{ name: "d/", type: "\0" }, file("d/x")]),
  unpacked("a set-uid file", ["su"], [file("su", "", { mode: 0o6755 })]),
  unpacked("a fifo", ["p"], [{ name: "p", type: "6", link: OUTSIDE }]),
];

export const HOSTILE_FORMS: readonly HostileLayer[] = [...METADATA, ...NUMBERS, ...HEADERS, ...STREAMS];
