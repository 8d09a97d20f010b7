import { expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { openUserNamespaceOf } from "../../src/system/namespaces.ts";

const inode = (path: string) => statSync(path).ino;

/** The inode of the user namespace that owns the namespace at `path`, or is its parent. */
function ownerOf(path: string): number | undefined {
  const fd = openSync(path, "r");
  try {
    const owner = openUserNamespaceOf(fd);
    if (owner === undefined) return undefined;
    const { ino } = fstatSync(owner);
    closeSync(owner);
    return ino;
  } finally {
    closeSync(fd);
  }
}

test("what is above this process's own user namespace cannot be opened", () => {
  expect(ownerOf("/proc/self/ns/user")).toBeUndefined();
});

test.skipIf(process.getuid?.() !== 0)("a namespace leads to its user namespace, and that to its parent", async () => {
  const child = Bun.spawn(["unshare", "--user", "--net", "sh", "-c", "echo made; cat"], {
    stdin: "pipe",
    stdout: "pipe",
  });
  await child.stdout.getReader().read();
  const namespaces = `/proc/${child.pid}/ns`;
  expect(ownerOf(`${namespaces}/net`)).toBe(inode(`${namespaces}/user`));
  expect(ownerOf(`${namespaces}/user`)).toBe(inode("/proc/self/ns/user"));
  await child.stdin.end();
  await child.exited;
});
