import { dir, file, hardlink, type Member, symlink } from "../support/tar.ts";
import { type HostileLayer, OUTSIDE, pax, refused, unpacked } from "./hostile-layer.ts";

/** A sound layer below, in which a link leads to the host and a folder has a file. */
const BELOW: readonly Member[] = [
  dir("d"),
  file("d/f", "x"),
  symlink("out", OUTSIDE),
  symlink("in", "d"),
  file("f", "x"),
];

const named = (name: string): Member => file("x", "evil", { pax: [["path", name]] });

/** Names that lead out of the layer, or would if they were taken for something else. */
const NAMES: readonly HostileLayer[] = [
  ...["..", "../escaped", "a/../../escaped", "./../escaped", "a/..", "../", "....//../escaped"].flatMap((name) => [
    refused(`the name ${name}`, /leads out/, [file(name)]),
    refused(`the pax name ${name}`, /leads out/, [named(name)]),
    refused(`the folder ${name}`, /leads out/, [dir(name)]),
  ]),
  refused("the name .. by the prefix", /leads out/, [file("escaped", "", { fields: [[345, ".."]] })]),
  refused("the name .. by GNU's long name", /leads out/, [{ name: "L", type: "L", data: "../escaped\0" }, file("x")]),
  refused("the name .. of a sparse file", /leads out/, [
    file("x", "0\n".padEnd(512, "\0"), {
      pax: pax({
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "../escaped",
        "GNU.sparse.realsize": "9",
      }),
    }),
  ]),
  unpacked("a name for all members", ["ok"], [{ name: "g", type: "g", data: "19 path=../escaped\n" }, file("ok")]),
  unpacked("a pax name after GNU's", ["fine"], [{ name: "L", type: "L", data: "../escaped\0" }, named("fine")]),
  unpacked(
    "the last pax name",
    ["fine"],
    [
      file("x", "", {
        pax: [
          ["path", "../escaped"],
          ["path", "fine"],
        ],
      }),
    ],
  ),
  refused("a name with a NUL", /NUL/, [named("a\0b")]),
  refused("an empty name", /empty/, [file("")]),
  refused("a whole name of 4096 bytes", /longer than/, [named(`${"a/".repeat(2047)}bb`)]),
  refused("a part of 256 bytes", /ENAMETOOLONG|too long/i, [named("n".repeat(256))]),
  refused("the root as a file", /root is not a directory/, [file(".")]),
  refused("the root as a link", /root is not a directory/, [symlink("./", OUTSIDE), file("escaped")]),
  refused("the root as a device", /root is not a directory/, [{ name: "/", type: "3", major: 1, minor: 3 }]),
  ...["/tmp/escaped", "//tmp/escaped", "///tmp/./escaped"].map((name) =>
    unpacked(`the name ${name}`, ["tmp", "tmp/escaped"], [file(name)]),
  ),
  unpacked(
    "odd names that lead nowhere",
    [" ..", ".. ", "..\\..\\evil", "...", "a\nb"],
    [...[" ..", ".. ", "..\\..\\evil", "...", "a\nb"].map((name) => file(name))],
  ),
];

/** Links that a later entry follows, and hard links to what is not the layer's own. */
const LINKS: readonly HostileLayer[] = [
  ...[OUTSIDE, "/", "../../../../../../..", `${OUTSIDE}/`, "x/../../../../.."].flatMap((target) => [
    unpacked(`a file through a link to ${target === OUTSIDE ? "the host" : target}`, undefined, [
      symlink("a", target),
      file("a/escaped"),
    ]),
    unpacked(`a folder through a link to ${target}`, undefined, [
      symlink("a", target),
      dir("a/escaped/"),
      file("a/escaped/x"),
    ]),
    unpacked(`a link through a link to ${target}`, undefined, [
      symlink("a", target),
      symlink("a/escaped", OUTSIDE),
      file("a/escaped/x"),
    ]),
  ]),
  unpacked("a file through a link of a layer below", undefined, [file("out/escaped")], BELOW),
  unpacked("a file in the place of a link", ["s"], [symlink("s", `${OUTSIDE}/precious`), file("s", "evil")]),
  unpacked("a file in the place of a link below", ["out"], [file("out", "evil")], BELOW),
  unpacked(
    "a folder in the place of a link",
    ["a", "a/escaped"],
    [symlink("a", OUTSIDE), dir("a/"), file("a/escaped")],
  ),
  unpacked("a link in the place of a folder", undefined, [
    dir("d"),
    file("d/x"),
    symlink("d", OUTSIDE),
    file("d/escaped"),
  ]),
  refused("links in a circle", /too many symbolic links/, [symlink("a", "b"), symlink("b", "a"), file("a/x")]),
  refused("a link to itself", /too many symbolic links/, [symlink("a", "a"), file("a/x")]),
  refused("41 links in a row", /too many symbolic links/, [
    ...Array.from({ length: 41 }, (_, at) => symlink(`l${at}`, `l${at + 1}`)),
    file("l0/x"),
  ]),
  refused("a link to nothing", /link to nothing/, [symlink("a", "")]),
  refused("a link with a NUL", /NUL/, [{ name: "a", type: "2", pax: pax({ linkpath: "a\0b" }) }]),
  refused("a link of 4096 bytes", /longer than/, [{ name: "a", type: "2", pax: pax({ linkpath: "x".repeat(4096) }) }]),
  ...["../precious", "../../precious", "a/../../precious"].flatMap((target) => [
    refused(`a hard link to ${target}`, /leads out/, [hardlink("h", target)]),
    refused(`a hard link by pax to ${target}`, /leads out/, [
      { name: "h", type: "1", link: "x", pax: pax({ linkpath: target }) },
    ]),
    refused(`a hard link by GNU's long name to ${target}`, /leads out/, [
      { name: "K", type: "K", data: `${target}\0` },
      hardlink("h", "x"),
    ]),
  ]),
  refused("a hard link to the host", /does not exist/, [hardlink("h", `${OUTSIDE}/precious`)]),
  refused("a hard link through a link", /does not exist/, [symlink("a", OUTSIDE), hardlink("h", "a/precious")]),
  refused("a hard link through a link below", /does not exist/, [hardlink("h", "out/precious")], BELOW),
  unpacked(
    "a hard link to a link, then a file in its place",
    ["h", "s"],
    [symlink("s", `${OUTSIDE}/precious`), hardlink("h", "s"), file("h", "evil")],
  ),
  unpacked(
    "a hard link to a link below, then a file in its place",
    ["h", "out"],
    [hardlink("h", "out"), file("h", "evil")],
    BELOW,
  ),
  refused("a hard link to itself", /does not exist/, [hardlink("h", "h")]),
  refused("a hard link to a folder", /directory/, [dir("d"), hardlink("h", "d")]),
  refused("a hard link to a folder below", /does not exist/, [hardlink("h", "d")], BELOW),
  refused("a hard link to the root", /root/, [hardlink("h", "/")]),
  refused("the root as a hard link", /root is not a directory/, [file("x"), hardlink(".", "x")]),
  refused("a hard link over its target's folder", /holds its target/, [dir("d"), file("d/x"), hardlink("d", "d/x")]),
  refused("a hard link to a deletion", /does not exist/, [file(".wh.y"), hardlink("h", "y")]),
  unpacked(
    "a hard link with data",
    ["h", "x", "y"],
    [file("x"), { name: "h", type: "1", link: "x", size: 5 }, file("y")],
  ),
];

/** Deletions of what is not there to be deleted. */
const WHITEOUTS: readonly HostileLayer[] = [
  ...[".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..", "a/.wh..."].map((name) =>
    refused(`the deletion ${name}`, /whiteout of nothing/, [file(name)]),
  ),
  ...["escaped", "precious"].flatMap((name) => [
    unpacked(`a deletion of ${name} through a link`, undefined, [symlink("a", OUTSIDE), file(`a/.wh.${name}`)]),
    unpacked(`a deletion of ${name} through a link below`, undefined, [file(`out/.wh.${name}`)], BELOW),
  ]),
  unpacked("a deletion of all through a link", undefined, [symlink("a", OUTSIDE), file("a/.wh..wh..opq")]),
  unpacked("a deletion of all through a link below", undefined, [file("out/.wh..wh..opq")], BELOW),
  unpacked("a deletion of all in the root", [], [file(".wh..wh..opq")], BELOW),
  unpacked("a deletion that is a folder", ["f"], [dir(".wh.f/")], BELOW),
  unpacked("a deletion that is a link", ["f"], [symlink(".wh.f", OUTSIDE)], BELOW),
  unpacked("a deletion that is a hard link", ["f"], [hardlink(".wh.f", "f")], BELOW),
  unpacked("a deletion that is a hard link out of the layer", ["x"], [hardlink(".wh.x", "../precious")]),
  refused("a file in a deletion", /below a whiteout/, [file(".wh.d/x")]),
  unpacked(
    "aufs's own files",
    [],
    [dir(".wh..wh.plnk/"), file(".wh..wh.plnk/1"), file(".wh..wh.aufs"), file(".wh..wh.x")],
  ),
];

/** Entries below what is no folder, and in each other's place. */
const PARENTS: readonly HostileLayer[] = [
  ...["0", "6"].map((type) =>
    refused(`a file below type ${type}`, /not a directory/, [{ name: "a", type, major: 1, minor: 3 }, file("a/b")]),
  ),
  refused("a file below a file of a layer below", /not a directory/, [file("f/x")], BELOW),
  unpacked("a file, a folder, a file", ["a"], [file("a"), dir("a/"), file("a/x"), file("a")]),
  unpacked("a file in the place of a full folder", ["a"], [dir("a/"), dir("a/b/"), file("a/b/c"), file("a")]),
  unpacked(
    "a file a thousand times",
    ["a"],
    Array.from({ length: 1000 }, () => file("a")),
  ),
  unpacked("a folder and a link in turns", undefined, [
    symlink("a", OUTSIDE),
    dir("a"),
    symlink("a", OUTSIDE),
    file("a/escaped"),
  ]),
];

export const HOSTILE_PLACES: readonly HostileLayer[] = [...NAMES, ...LINKS, ...WHITEOUTS, ...PARENTS];
