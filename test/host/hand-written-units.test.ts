import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const TOOLS = sample("tools:1");
const STAYS = `sh -c "trap 'exit 0' TERM; sleep 1000000 & wait"`;

describeOnSuites("both", "units whose end is cut short on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootWithImages(suite, ["tools:1"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  /** The kernel takes an interface away a moment after the namespace of its other end. */
  const nothingLeft = () => until("nothing to be left", async () => (await leftovers(host)) === "", 5000);
  /** The payload's processes of a service written by hand, of which berth makes a scope. */
  const payloads = () => host.sh("pgrep -x sleep | wc -l").then((text) => text.trim());
  const isUp = async (name: string) =>
    until(
      `${name} to be up`,
      async () => (await host.sh(`berth ps --format '{{.Names}}' | grep -cx ${name} || true`)) === "1",
    );

  hostTest("berth stop as ExecStop= of berth run leaves nothing, and the port is free", async () => {
    const run = `/usr/local/bin/berth run --rm --name db -p 8082:80 ${TOOLS} ${STAYS}`;
    await install(host, { "db.service": `[Service]\nExecStart=${run}\nExecStop=/usr/local/bin/berth stop db\n` });
    for (let round = 0; round < 3; round++) {
      await host.ok(["systemctl", "start", "db"]);
      await isUp("db");
      await host.ok(["systemctl", "stop", "db"]);
      expect(await property(host, "db.service", "Result")).toBe("success");
      await nothingLeft();
    }
  });

  hostTest("a payload dies with the service that runs it, and a restart has the name and the port", async () => {
    const run = `/usr/local/bin/berth run --rm --name dd -p 8082:80 ${TOOLS} ${STAYS}`;
    await install(host, { "dd.service": `[Service]\nExecStart=${run}\nRestart=always\nRestartSec=100ms\n` });
    await host.ok(["systemctl", "start", "dd"]);
    await isUp("dd");
    for (let round = 0; round < 3; round++) {
      const before = await property(host, "dd.service", "MainPID");
      await host.ok(["systemctl", "kill", "-s", "KILL", "dd"]);
      await until("a restart", async () => {
        const [state, pid] = [
          await property(host, "dd.service", "ActiveState"),
          await property(host, "dd.service", "MainPID"),
        ];
        return state === "active" && pid !== before && pid !== "0";
      });
      await isUp("dd");
      expect(await payloads()).toBe("1");
    }
    await host.ok(["systemctl", "stop", "dd"]);
    await until("the payload to be gone", async () => (await payloads()) === "0");
    await host.write("/etc/systemd/system/once.service", `[Service]\nExecStart=${run.replace("dd", "once")}\n`);
    await host.sh("systemctl daemon-reload; systemctl start once");
    await isUp("once");
    await host.ok(["systemctl", "kill", "-s", "KILL", "once"]);
    await until("the payload to be gone", async () => (await payloads()) === "0");
    await host.ok(["systemctl", "reset-failed"]);
    await host.ok(["berth", "cleanup", "--stale"]);
    await nothingLeft();
  });

  hostTest("StopTimeout=0 kills at once, and cleans up all the same", async () => {
    const container = `[Container]\nImage=${TOOLS}\nPublishPort=8083:80\nStopTimeout=0\nExec=sleep 1000000\n`;
    await install(host, { "zero.container": container });
    await host.ok(["systemctl", "start", "zero"]);
    const from = performance.now();
    await host.ok(["systemctl", "stop", "zero"]);
    expect(performance.now() - from).toBeLessThan(5000);
    await nothingLeft();
    await host.ok([
      "berth",
      "run",
      "-d",
      "--name",
      "zero",
      "--stop-timeout",
      "0",
      "-p",
      "8083:80",
      TOOLS,
      "sleep",
      "1000000",
    ]);
    await host.ok(["berth", "stop", "zero"]);
    await host.ok(["systemctl", "reset-failed"]);
    await nothingLeft();
  });

  hostTest("what a killed cleanup leaves takes no name and no port from the next start", async () => {
    const file = (name: string) =>
      `[Container]\nImage=${TOOLS}\nContainerName=${name}\nPublishPort=8084:80\nExec=sleep 1000000\nStopSignal=KILL\n`;
    await host.write("/etc/systemd/system/cut.service.d/none.conf", "[Service]\nExecStopPost=\n");
    await install(host, { "cut.container": file("cut"), "other.container": file("other") });
    await host.ok(["systemctl", "start", "cut"]);
    await host.ok(["systemctl", "stop", "cut"]);
    expect(await leftovers(host)).not.toBe("");
    await host.ok(["systemctl", "start", "other"]);
    await host.ok(["systemctl", "stop", "other"]);
    await host.ok(["systemctl", "reset-failed"]);
    await nothingLeft();
  });

  hostTest(
    "files that are removed below running containers give no start a foreign address, nor a name server",
    async () => {
      const start = (name: string) =>
        host.run(["berth", "run", "-d", "--name", name, "--network", "lost", TOOLS, "sh", "-c", "sleep 1000000"]);
      await host.ok(["berth", "network", "create", "lost"]);
      await start("one");
      await start("two");
      await host.ok(["rm", "-rf", "/run/berth"]);
      const refused = await host.run(["berth", "run", "--network", "lost", TOOLS, "true"]);
      expect(refused.stderr).toContain(
        "type systemctl stop berth-one.service berth-two.service, then start them again",
      );
      expect(refused.exitCode).toBe(125);
      await host.ok(["berth", "cleanup", "--stale"]);
      // What they have written is theirs as long as they run.
      expect((await host.sh("ls /var/lib/berth/containers")).trim().split("\n")).toHaveLength(2);
      await host.ok(["systemctl", "kill", "-s", "KILL", "berth-one", "berth-two"]);
      await until("them to end", async () => (await host.sh("pgrep -x sleep | wc -l")).trim() === "0");
      for (const name of ["three", "four"]) expect((await start(name)).stderr).toBe("");
      await until("names", async () => (await host.run(["berth", "exec", "three", "nslookup", "four"])).exitCode === 0);
      await host.ok(["systemctl", "kill", "-s", "KILL", "berth-three", "berth-four"]);
      await host.run(["systemctl", "reset-failed"]);
      await host.ok(["berth", "cleanup", "--stale"]);
      await host.ok(["berth", "network", "rm", "lost"]);
      await nothingLeft();
    },
  );

  hostTest("a service whose file is removed while it runs keeps its own stop time-out and signal", async () => {
    const container = `[Container]\nImage=${TOOLS}\nNetwork=none\nStopTimeout=2\nStopSignal=USR1\nExec=sh -c "trap '' TERM; sleep 1000000 & wait"\n`;
    await install(host, { "gone.container": container });
    await host.ok(["systemctl", "start", "gone"]);
    await host.sh("rm /etc/containers/systemd/gone.container; systemctl daemon-reload");
    expect(await property(host, "gone.service", "TimeoutStopUSec")).toBe("2s");
    const from = performance.now();
    await host.run(["systemctl", "stop", "gone"]);
    expect(performance.now() - from).toBeLessThan(8000);
    await host.ok(["systemctl", "reset-failed"]);
    await nothingLeft();
  });
});
