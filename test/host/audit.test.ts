import { expect } from "bun:test";
import { Audit, auditMisses } from "./audit.ts";
import { bootHost } from "./host.ts";
import { hostLaneMisses, testUnless } from "./lane.ts";

const auditTest = testUnless(hostLaneMisses() ?? auditMisses(), "audit");

auditTest(
  "auditd records who opened a file in a host, by loginuid",
  async () => {
    await using host = await bootHost({ suite: "bookworm" });
    await using audit = await Audit.open();
    await host.write("/tmp/watched/file", "watched\n");
    const key = await audit.watch(host, "/tmp/watched/file");
    await host.ok(["cat", "/tmp/watched/file"]);
    await host.ok(["cat", "/tmp/watched/file"], { loginuid: 1000 });
    await host.login("alice", ["cat", "/tmp/watched/file"]);
    const records = await audit.records(key, 3);
    expect(records.map(({ auid, uid, exe }) => [auid, uid, exe])).toEqual([
      [4294967295, 0, "/usr/bin/cat"],
      [1000, 0, "/usr/bin/cat"],
      [1000, 1000, "/usr/bin/cat"],
    ]);
  },
  60_000,
);
