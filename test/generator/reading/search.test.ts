import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findSources, readSource, searchDirectories } from "../../../src/generator/reading/search.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-search-"));
});
afterAll(() => rmSync(root, { recursive: true }));

/** Writes files below the test's directory; a value `-> target` makes a link. */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  const base = join(root, name);
  mkdirSync(base, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const full = join(base, path);
    mkdirSync(dirname(full), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), full);
    else writeFileSync(full, content);
  }
  return base;
}

function found(...directories: string[]) {
  return findSources(directories.map((path) => ({ path }))).map(({ path, dropIns }) => ({
    path: path.replace(`${root}/`, ""),
    dropIns: dropIns.map(({ shownPath }) => shownPath),
  }));
}

const paths = (...directories: string[]) => found(...directories).map(({ path }) => path);

test("the system's directories", () => {
  const { directories } = searchDirectories({ scope: "system", uid: 0, env: {} });
  expect(directories.map(({ path }) => path)).toEqual([
    "/run/containers/systemd",
    "/etc/containers/systemd",
    "/usr/share/containers/systemd",
  ]);
  expect(directories.map(({ skip }) => [skip?.("users"), skip?.("users2")])).toEqual([
    [undefined, undefined],
    [true, false],
    [true, false],
  ]);
});

test("a user's directories, with or without an environment", () => {
  const env = { HOME: "/home/ann", XDG_RUNTIME_DIR: "/run/user/7" };
  const shared = [
    "/etc/containers/systemd/users/7",
    "/etc/containers/systemd/users",
    "/usr/share/containers/systemd/users/7",
    "/usr/share/containers/systemd/users",
  ];
  const list = (variables: Record<string, string>) =>
    searchDirectories({ scope: "user", uid: 7, env: variables }).directories.map(({ path }) => path);
  expect(list(env)).toEqual(["/run/user/7/containers/systemd", "/home/ann/.config/containers/systemd", ...shared]);
  expect(list({ XDG_CONFIG_HOME: "/c" })).toEqual(["/c/containers/systemd", ...shared]);
  expect(list({})).toEqual(shared);
});

test("QUADLET_UNIT_DIRS replaces them; only a relative entry of it is left out", () => {
  const env = { QUADLET_UNIT_DIRS: "/a:b::/c" };
  const { directories, warnings } = searchDirectories({ scope: "system", uid: 0, env });
  expect(directories.map(({ path }) => path)).toEqual(["/a", "/c"]);
  expect(warnings).toEqual(["QUADLET_UNIT_DIRS: b not a valid file path: it is relative"]);
  expect(searchDirectories({ scope: "system", uid: 0, env: { QUADLET_UNIT_DIRS: "" } }).directories).toHaveLength(3);
});

test("the first file of a name counts, parents come before children, names in order", () => {
  const one = tree("order/1", { "b.container": "x", "sub/a.container": "x", "sub/b.container": "x", "a.txt": "x" });
  const two = tree("order/2", { "a.container": "x", "z.volume": "x" });
  expect(paths(one, two)).toEqual(["order/1/b.container", "order/1/sub/a.container", "order/2/z.volume"]);
  expect(paths(two, one)).toEqual(["order/2/a.container", "order/2/z.volume", "order/1/b.container"]);
});

test("links: loops end, files keep their names, directories are listed once", () => {
  const base = tree("links", {
    "real/app@.container": "x",
    "app@one.container": "-> real/app@.container",
    again: "-> real",
    "real/up": "-> ..",
  });
  expect(paths(base)).toEqual(["links/app@one.container", "links/real/app@.container"]);
});

test("an empty file, or a link to /dev/null, hides those that come after it", () => {
  const one = tree("mask/1", { "a.container": "-> /dev/null", "b.container": "" });
  const two = tree("mask/2", { "a.container": "x", "b.container": "x", "c.container": "x" });
  expect(paths(one, two)).toEqual(["mask/2/c.container"]);
});

test("what cannot be read is a source that says so", () => {
  const base = tree("unreadable", { "dangling.container": "-> nowhere", "loop.container": "-> loop.container" });
  expect(spawnSync("mkfifo", [join(base, "fifo.container")]).status).toBe(0);
  expect(findSources([{ path: base }]).map(({ name, content }) => [name, content])).toEqual([
    ["dangling.container", { failure: "no such file or directory" }],
    ["fifo.container", { failure: "it is not a regular file" }],
    ["loop.container", { failure: "too many symbolic links encountered" }],
  ] as never);
});

test("hidden files, directories named like files and missing directories make nothing", () => {
  const base = tree("odd", { ".app.container": "x", "dir.container/in.container": "x", "app.container~": "x" });
  expect(paths(base, join(root, "missing"))).toEqual(["odd/dir.container/in.container"]);
});

test("drop-ins come from every directory, the more specific one first, in order of their names", () => {
  const one = tree("dropins/1", {
    "a-b.container": "x",
    "a-b.container.d/20-own.conf": "x",
    "container.d/10-all.conf": "x",
    "container.d/20-own.conf": "hidden by the more specific one",
    "container.d/notes.txt": "x",
    "x.d/never.container": "x",
  });
  const two = tree("dropins/2", {
    "a-.container.d/15-prefix.conf": "x",
    "a-b.container.d/20-own.conf": "hidden by the earlier directory",
    "sub/a-b.container.d/30-sub.conf": "x",
  });
  expect(found(one, two)).toEqual([
    {
      path: "dropins/1/a-b.container",
      dropIns: [
        "container.d/10-all.conf",
        "a-.container.d/15-prefix.conf",
        "a-b.container.d/20-own.conf",
        "sub/a-b.container.d/30-sub.conf",
      ],
    },
  ]);
});

test("directories of others are skipped right below a base only", () => {
  const base = tree("skip", { "users/a.container": "x", "b.container": "x", "deep/users/c.container": "x" });
  const sources = findSources([{ path: base, skip: (name) => name === "users" }]);
  expect(sources.map(({ name }) => name)).toEqual(["b.container", "c.container"]);
});

test("one file by its path, as a person called it", () => {
  const base = tree("single", { "a.container": "x", "a.container.d/1.conf": "y" });
  const { name, shownPath, path, dropIns } = readSource(join(base, "a.container"), "single/a.container");
  expect({ name, shownPath, path }).toEqual({
    name: "a.container",
    shownPath: "single/a.container",
    path: join(base, "a.container"),
  });
  expect(dropIns.map((dropIn) => dropIn.shownPath)).toEqual(["single/a.container.d/1.conf"]);
});

test("drop-ins of an instance make it of its template, without [Install]", () => {
  const base = tree("instances", {
    "app@.container": "[Container]\nImage=a\n[Install]\nWantedBy=x.target\n[Service]\nNice=1\n",
    "app@one.container.d/a.conf": "[Container]\n",
    "app@two.container": "[Container]\nImage=b\n",
    "app@two.container.d/a.conf": "[Container]\n",
    "app@three.conf.d/a.conf": "",
    "none@one.container.d/a.conf": "[Container]\n",
    "named@.container": "[Container]\nServiceName=x@\n",
    "named@one.container.d/a.conf": "[Container]\n",
  });
  const sources = findSources([{ path: base }]);
  expect(sources.map(({ name }) => name)).toEqual([
    "app@.container",
    "app@two.container",
    "named@.container",
    "app@one.container",
  ]);
  const one = sources.at(-1);
  expect(one?.dropIns.map(({ shownPath }) => shownPath)).toEqual(["app@one.container.d/a.conf"]);
  expect(String(Buffer.from(one?.content instanceof Uint8Array ? one.content : []))).toBe(
    "[Container]\nImage=a\n\n\n[Service]\nNice=1\n",
  );
});
