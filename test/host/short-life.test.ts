import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install } from "./containers.ts";
import type { Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

// A payload may end before its launcher does. systemd then has to have been told of it already, or takes it for
// nobody's.
describeOnSuites("both", "a payload that ends at once on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootWithImages(suite, ["tools:1"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("is reported by its own exit code, every time", async () => {
    const container = `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nExec=/bin/false\n`;
    await install(host, { "brief@.container": `[Unit]\nStartLimitIntervalSec=0\n${container}` });
    // Five at once keep systemd busy with other things than listening to launchers.
    const statuses = await host.sh(`
      for round in $(seq 8); do
        systemctl start brief@{1..5}.service 2> /dev/null || true
        for n in $(seq 5); do
          while systemctl show --property=ActiveState brief@$n | grep -q -e =active -e =deactivating; do sleep 0.01; done
          systemctl show --property=ExecMainStatus,Result --value brief@$n | tr '\\n' ' '
        done
        echo
      done`);
    const seen = new Set(statuses.trim().split(/\s+/));
    expect([...seen].toSorted()).toEqual(["1", "exit-code"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("has started, and succeeded, if it says so", async () => {
    const container = `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nExec=/bin/true\n`;
    await install(host, { "well@.container": `[Unit]\nStartLimitIntervalSec=0\n${container}` });
    for (let round = 0; round < 8; round++) await host.ok(["bash", "-c", "systemctl start well@{1..5}.service"]);
    await host.sh(
      "while systemctl list-units --plain --no-legend 'well@*' | grep -w -e active -e deactivating; do sleep 0.05; done",
    );
    expect(await host.ok(["systemctl", "list-units", "--failed", "--plain", "--no-legend", "well@*"])).toBe("");
    expect(await leftovers(host)).toBe("");
  });
});
