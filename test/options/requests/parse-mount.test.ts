import { expect, test } from "bun:test";
import { mountRequest, tmpfsRequest, volumeRequest } from "../../../src/options/requests/parse-mount.ts";
import type { MountRequest } from "../../../src/options/requests/run-request.ts";
import { type ValueParser, valueIn } from "../../../src/options/values/check.ts";
import { parseMount } from "../../../src/options/values/mount/mount.ts";
import { parseTmpfs } from "../../../src/options/values/mount/tmpfs.ts";
import { parseVolume } from "../../../src/options/values/volume.ts";

/** The request of a text; undefined for one that is refused. */
function requestOf<T>(parse: ValueParser<T>, text: string, toRequest: (value: T) => MountRequest) {
  const value = valueIn(parse(text));
  return value === undefined ? undefined : toRequest(value);
}

test.each<[string, MountRequest | undefined]>([
  ["/b", { type: "anonymous", target: "/b", options: [] }],
  ["data:/b//c/", { type: "volume", name: "data", target: "/b/c", options: [] }],
  ["./a:/b:ro,Z", { type: "bind", source: "/cwd/a", target: "/b", options: ["ro", "Z"] }],
  ["/a:/b:", undefined],
  ["/a:/b", { type: "bind", source: "/a", target: "/b", options: [] }],
  [
    "/a:/b:idmap=uids=0-1-2;gids=0-1-2,ro",
    { type: "bind", source: "/a", target: "/b", options: ["idmap=uids=0-1-2;gids=0-1-2", "ro"] },
  ],
])("--volume %s", (value, expected) => {
  expect(requestOf(parseVolume, value, (volume) => volumeRequest(volume, "/cwd"))).toEqual(expected);
});

test.each<[string, MountRequest]>([
  ["type=bind,src=a,dst=/b,ro=false", { type: "bind", source: "/cwd/a", target: "/b", options: ["rw"] }],
  [
    "type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave,bind-nonrecursive,chown=true,relabel=shared",
    { type: "bind", source: "/a", target: "/b", options: ["ro", "rslave", "bind", "U"] },
  ],
  ["dst=/b", { type: "anonymous", target: "/b", options: [] }],
  ["type=volume,src=/a,dst=/b", { type: "bind", source: "/a", target: "/b", options: [] }],
  [
    "type=volume,src=data,dst=/b,subpath=x/y,volume-label=a=b=c,nocopy",
    { type: "volume", name: "data", target: "/b", options: ["nocopy"], labels: { a: "b=c" }, subpath: "x/y" },
  ],
  ["type=glob,src=/a/*", { type: "glob", pattern: "/a/*", target: "", options: [] }],
  ["type=image,src=i:1,dst=/b", { type: "image", image: "i:1", target: "/b", options: [], writable: false }],
  [
    "type=image,src=i:1,dst=/b,rw=true,subpath=/etc",
    { type: "image", image: "i:1", target: "/b", options: ["rw"], writable: true, subpath: "/etc" },
  ],
  [
    "type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=700,U,notmpcopyup",
    { type: "tmpfs", target: "/b", options: ["size=1m", "mode=700", "U", "notmpcopyup"] },
  ],
  ["type=devpts,dst=/b,uid=1,max=5", { type: "devpts", target: "/b", options: ["uid=1", "max=5"] }],
])("--mount %s", (value, expected) => {
  expect(requestOf(parseMount, value, (mount) => mountRequest(mount, "/cwd"))).toEqual(expected);
});

test("--tmpfs", () => {
  expect(requestOf(parseTmpfs, "/a:size=1m,U", tmpfsRequest)).toEqual({
    type: "tmpfs",
    target: "/a",
    options: ["size=1m", "U"],
  });
  expect(requestOf(parseTmpfs, "/a:", tmpfsRequest)).toBeUndefined();
  expect(requestOf(parseTmpfs, "/a", tmpfsRequest)).toEqual({ type: "tmpfs", target: "/a", options: [] });
});
