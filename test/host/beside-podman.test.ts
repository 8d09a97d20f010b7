import { afterAll, beforeAll, describe, expect } from "bun:test";
import { property } from "./containers.ts";
import { bootHost, type Host } from "./host.ts";
import { hostLaneMisses, hostTest } from "./lane.ts";
import { sample, startRegistry } from "./registry.ts";

/** Only this suite's hosts have Podman. */
const SUITE = "trixie";

describe(`a ${SUITE} host with Podman's generator`, () => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootHost({ suite: SUITE, besidePodman: true });
    await startRegistry(host);
    await host.ok(["podman", "pull", "--quiet", "--tls-verify=false", sample("tools:1")], { timeout: 120_000 });
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  const maker = async () => host.sh(`head -n 1 "$(systemctl show -P FragmentPath both.service)"`);

  hostTest("has Podman's units at every reload, until that is masked, and a clean stop in between", async () => {
    const file = `[Container]\nImage=${sample("tools:1")}\nNetwork=host\nExec=sleep 1000\nStopSignal=SIGKILL\n`;
    await host.write("/etc/containers/systemd/both.container", file);
    for (let reload = 0; reload < 15; reload++) {
      await host.ok(["systemctl", "daemon-reload"]);
      expect(await maker()).toContain("podman-system-generator");
    }
    expect(await host.ok(["berth", "rescan"])).toBe("nothing has changed");
    await host.ok(["systemctl", "start", "both"]);
    const refused = await host.run(["berth", "setup", "--mask-podman"]);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stderr).toContain("services of Podman's are running: both.service (stop them first");
    expect(await maker()).toContain("podman-system-generator");
    await host.ok(["systemctl", "stop", "both"]);
    expect(await host.sh("podman ps -aq")).toBe("");
    await host.ok(["berth", "setup", "--mask-podman"]);
    expect(await maker()).toContain("berth-generator");
    expect(await property(host, "both.service", "FragmentPath")).toBe("/run/systemd/generator/both.service");
    await host.ok(["systemctl", "start", "both"]);
    await host.ok(["systemctl", "stop", "both"]);
  });
});
