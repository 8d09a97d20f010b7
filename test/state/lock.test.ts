import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  lockNew,
  openLockFile,
  openLockFolder,
  takeLock,
  tryLock,
  withLock,
  withStateLock,
} from "../../src/state/lock.ts";
import { LOCKS, type LockName } from "../../src/state/lock-order.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-locks-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const open = (name: string) => openLockFile(join(root, name));

describe("the order of locks", () => {
  test("has no circle", () => {
    const isUnder = (name: LockName, other: LockName, path: readonly LockName[] = []): boolean =>
      !path.includes(name) && LOCKS[name].under.some((at) => at === other || isUnder(at, other, [...path, name]));
    for (const name of Object.keys(LOCKS) as LockName[]) expect([name, isUnder(name, name)]).toEqual([name, false]);
  });

  test("is the one that docs/architecture.md shows", () => {
    const page = readFileSync(join(import.meta.dir, "../../docs/architecture.md"), "utf8");
    const [, section = ""] = page.split("\n## Locks\n");
    const rows = section.split("\n## ")[0]?.matchAll(/^\| ([a-z ]+?) \|[^|]*\|(.*)\|$/gm) ?? [];
    const shown = [...rows].map(([, name, under = ""]) => [
      name,
      under.split(",").flatMap((text) => text.trim() || []),
    ]);
    const [[heading] = [], ...locks] = shown;
    expect(heading).toBe("lock");
    expect(locks).toEqual(Object.entries(LOCKS).map(([name, { under }]) => [name, [...under]]));
  });

  test("is followed everywhere: no other file of src/ takes a lock by itself", () => {
    const source = join(import.meta.dir, "../../src");
    const takers = [...new Bun.Glob("**/*.ts").scanSync(source)].filter((path) =>
      readFileSync(join(source, path), "utf8").includes('/system/lock.ts"'),
    );
    expect(takers).toEqual(["state/lock.ts"]);
  });

  test("is kept by what is allowed", () => {
    const done = withLock("definitions", open("definitions"), "shared", () =>
      withLock("ports", open("ports"), "exclusive", () => "done"),
    );
    expect(done).toBe("done");
  });

  test("is checked: waiting for a lock while another is held that does not allow it names both", () => {
    const attempt = () =>
      withLock("ports", open("ports"), "exclusive", () => withStateLock(root, "shared", () => "never"));
    expect(attempt).toThrow("lock order: waits for the state lock while it holds the ports lock");
    // Nothing is held any more.
    expect(withStateLock(root, "exclusive", () => "free")).toBe("free");
    expect(tryLock("ports", open("ports"))?.close()).toBeUndefined();
  });

  test("does not let a lock be taken twice, which would never end", () => {
    const attempt = () => withStateLock(root, "shared", () => withStateLock(root, "exclusive", () => "never"));
    expect(attempt).toThrow("lock order: waits for the state lock while it holds the state lock");
  });

  test("is not about locks that nobody waits for, but about what is waited for while they are held", () => {
    const made = join(root, "made");
    mkdirSync(made);
    const netavark = takeLock("netavark", open("netavark"));
    const locks = [netavark, lockNew("volume folder", openLockFolder(made)), tryLock("volume", openLockFolder(root))];
    netavark.close();
    expect(() => withStateLock(root, "shared", () => "never")).toThrow("while it holds the volume lock");
    for (const lock of locks.slice(1)) lock?.close();
    expect(withStateLock(root, "shared", () => "free")).toBe("free");
  });
});

test("a lock that is held elsewhere is not taken without waiting, and is free once it is closed", () => {
  const held = takeLock("volume", openLockFolder(root));
  expect(tryLock("volume", openLockFolder(root))).toBeUndefined();
  held.close();
  const taken = tryLock("volume", openLockFolder(root));
  expect(taken).toBeDefined();
  taken?.close();
});

test("a state directory that cannot be made is an error with its path", () => {
  expect(() => withStateLock("/dev/null/berth", "shared", () => 1)).toThrow(
    expect.objectContaining({ code: "state-io", message: "lock /dev/null/berth/lock" }),
  );
});
