import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { makeOutside } from "./outside.ts";
import { sample } from "./registry.ts";

const TOOLS = sample("tools:1");
const STAYS = `sh -c "trap 'exit 0' TERM; sleep 1000000 & wait"`;

describeOnSuites("both", "units that end in an unusual way on %s", (suite) => {
  let host: Host;
  /** What is there before any container. */
  let outside: readonly string[];
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    // pasta asks for a way out.
    await makeOutside(host);
    outside = (await leftovers(host)).split("\n");
    await host.ok(["berth", "pull", "--quiet", TOOLS], { user: "alice" });
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  /** The kernel takes an interface away a moment after the namespace of its other end. */
  const nothingLeft = async () => {
    await until("nothing to be left", async () => (await left()).length === 0, 20_000).catch(() => undefined);
    expect(await left()).toEqual([]);
  };
  const left = async () => (await leftovers(host)).split("\n").filter((line) => line !== "" && !outside.includes(line));
  /** The payload's processes of a service written by hand, of which berth makes a scope. */
  const payloads = () => host.sh("pgrep -xa sleep | grep -c ' 1000000$' || true").then((text) => text.trim());
  /** A container is listed before its payload has begun. */
  const onePayload = () => until("one payload", async () => (await payloads()) === "1");
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
      await onePayload();
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
    expect(await left()).not.toEqual([]);
    await host.ok(["systemctl", "start", "other"]);
    await host.ok(["systemctl", "stop", "other"]);
    await host.ok(["systemctl", "reset-failed"]);
    await nothingLeft();
  });

  hostTest(
    "files that are removed below running containers give no start a foreign address, nor a name server",
    async () => {
      const start = (name: string, ...flags: string[]) =>
        host.run(["berth", "run", "-d", "--name", name, "--network", "lost", ...flags, TOOLS, "sleep", "1000000"]);
      await host.ok(["berth", "network", "create", "lost"]);
      await start("one", "-p", "8093:80");
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
      await until(
        "them to end",
        async () => (await host.sh("pgrep -xa sleep | grep -c ' 1000000$' || true")).trim() === "0",
      );
      const rules = () =>
        host.sh("set +e; { iptables-save; nft list ruleset; } 2> /dev/null | grep -E '8093.*(dnat|DNAT)'; true");
      expect(await rules()).not.toBe("");
      for (const name of ["three", "four"]) expect((await start(name)).stderr).toBe("");
      // Whoever gets the address would answer at the port.
      expect(await rules()).toBe("");
      await until("names", async () => (await host.run(["berth", "exec", "three", "nslookup", "four"])).exitCode === 0);
      await host.ok(["systemctl", "kill", "-s", "KILL", "berth-three", "berth-four"]);
      // Their own cleanup is enough.
      await until("cleanups", async () => (await host.sh("ls /run/berth/containers")).trim() === "");
      await host.run(["systemctl", "reset-failed"]);
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

  for (const scope of ["system", "user"] as const) {
    const who = scope === "user" ? ({ user: "alice" } as const) : {};
    const folder = scope === "user" ? "/home/alice/.config" : "/etc";
    const units = scope === "user" ? `${folder}/systemd/user` : `${folder}/systemd/system`;
    const own = scope === "user" ? ["--user"] : [];
    const systemctl = (...args: string[]) => host.run(["systemctl", ...own, ...args], who);
    const show = async (unit: string, name: string) =>
      (await systemctl("show", "--value", `--property=${name}`, unit)).stdout.trim();
    const berth = (...args: string[]) => host.ok(["berth", ...args], who);
    const names = async () => (await berth("ps", "--format", "{{.Names}}")).trim();
    const ended = (unit: string) =>
      until(`${unit} to end`, async () => /^(inactive|failed)$/.test(await show(unit, "ActiveState")));
    const put = async (files: Readonly<Record<string, string>>) => {
      for (const [path, text] of Object.entries(files)) await host.write(path, text);
      if (scope === "user") await host.ok(["chown", "-R", "alice:alice", "/home/alice/.config"]);
      expect((await systemctl("daemon-reload")).exitCode).toBe(0);
    };
    const quadlet = (name: string, service: string) =>
      `[Container]\nImage=${TOOLS}\nContainerName=${name}\nPublishPort=8090:80\nStopTimeout=0\nExec=sleep 1000000\n[Service]\n${service}\n`;
    const container = (file: string) => `${folder}/containers/systemd/${file}.container`;

    hostTest(`${scope}: an end that is cut short takes no name and no port from the next start`, async () => {
      const cuts: readonly (readonly [string, string, string])[] = [
        ["stop-timeout", "TimeoutStopSec=1ms", ""],
        ["runtime-max", "RuntimeMaxSec=300ms", ""],
        ["runtime-max-hard", "RuntimeMaxSec=300ms\nTimeoutStopSec=1ms", ""],
        ["none", "", "ExecStopPost=\n"],
        ["failing", "", "ExecStopPost=\nExecStopPost=/bin/false\n"],
        ["killed", "", "ExecStopPost=\nExecStopPost=/bin/sh -c 'kill -KILL $$$$'\n"],
      ];
      const files = cuts.map(([name, service]) => [container(name), quadlet("cut", service)] as const);
      const dropIns = cuts.flatMap(([name, , lines]) =>
        lines === "" ? [] : [[`${units}/${name}.service.d/post.conf`, `[Service]\n${lines}`] as const],
      );
      await put(Object.fromEntries([...files, ...dropIns]));
      for (const [name, service] of cuts) {
        // Each has the name and the port of the one before.
        expect((await systemctl("start", name)).stderr).toBe("");
        if (!service.startsWith("RuntimeMax")) await systemctl("stop", name);
        await ended(name);
        expect(await names()).toBe("");
      }
      await berth("cleanup", "--stale");
      await systemctl("reset-failed");
      await nothingLeft();
    });

    hostTest(`${scope}: berth run in a unit written by hand ends with it, and starts again`, async () => {
      // Only ExecStop= knows the signal that ends it.
      const payload = `sh -c "trap '' TERM; trap 'exit 0' USR1; sleep 1000000 & while true; do wait; done"`;
      const run = `/usr/local/bin/berth run --rm --name hand --stop-signal USR1 --stop-timeout 2 -p 8091:80 ${TOOLS}`;
      const stop = "/usr/local/bin/berth stop hand";
      const service = `ExecStartPre=-${stop}\nExecStart=${run} ${payload}\nExecStop=${stop}\n`;
      const once = `[Service]\nType=oneshot\nTimeoutStartSec=20\nExecStart=/usr/local/bin/berth run --rm ${TOOLS} true\n`;
      await put({
        [`${units}/hand.service`]: `[Service]\n${service}Restart=on-failure\nRestartSec=50ms\n`,
        [`${units}/once.service`]: once,
      });
      expect((await systemctl("start", "once")).stderr).toBe("");
      for (const way of ["stop", "kill", "restart"] as const) {
        await systemctl("start", "hand");
        await until("it to be up", async () => (await names()) === "hand");
        await onePayload();
        if (way !== "stop") {
          const before = await show("hand", "MainPID");
          await (way === "kill" ? systemctl("kill", "--signal=KILL", "hand") : systemctl("restart", "hand"));
          await until("a new one", async () => !["0", before].includes(await show("hand", "MainPID")));
          await until("it to be up", async () => (await names()) === "hand");
          await onePayload();
        }
        await systemctl("stop", "hand");
        await until("the payload to be gone", async () => (await payloads()) === "0");
        expect(await show("hand", "Result")).toBe("success");
      }
      await nothingLeft();
    });

    hostTest(
      `${scope}: a run that the OCI runtime refuses, or that is killed, before its hooks leaves nothing`,
      async () => {
        const run = ["berth", "run", "--rm", "--name", "early", "-p", "8092:80", TOOLS, "true"];
        for (const [script, status] of [
          ["#!/bin/sh\nexit 1\n", 1],
          ["#!/bin/sh\nkill -KILL $$\n", 137],
          ["no program\n", 125],
        ] as const) {
          await host.write("/usr/local/sbin/runc", script);
          await host.ok(["chmod", "755", "/usr/local/sbin/runc"]);
          try {
            expect((await host.run(run, who)).exitCode).toBe(status);
          } finally {
            await host.ok(["rm", "/usr/local/sbin/runc"]);
          }
          await nothingLeft();
        }
        expect((await host.run(run, who)).exitCode).toBe(0);
        const payload = ["berth", "run", "--rm", "--sysctl", "net.core.no_such_thing=1", TOOLS, "true"];
        expect((await host.run(payload, who)).exitCode).not.toBe(0);
        await nothingLeft();
      },
    );

    hostTest(
      `${scope}: what an active service should have made, and is not there, is told with its remedy`,
      async () => {
        const state = scope === "user" ? "/home/alice/.local/share/berth" : "/var/lib/berth";
        const uses = `[Container]\nImage=${TOOLS}\nExec=sleep 1000000\nStopTimeout=0\n`;
        await put({
          [`${folder}/containers/systemd/lost.network`]: "[Network]\n",
          [`${folder}/containers/systemd/lost.volume`]: "[Volume]\nDevice=tmpfs\nType=tmpfs\n",
          [`${folder}/containers/systemd/plain.volume`]: "[Volume]\n",
          [container("on-network")]: `${uses}Network=lost.network\n`,
          [container("on-volume")]: `${uses}Volume=lost.volume:/data\nNetwork=none\n`,
          [container("on-plain")]: `${uses}Volume=plain.volume:/data\nNetwork=none\n`,
        });
        await systemctl("start", "lost-network", "lost-volume", "plain-volume");
        await host.sh(`cd ${state}; rm -r networks/systemd-lost.json volumes/systemd-lost volumes/systemd-plain`);
        for (const kind of ["network", "volume"]) {
          expect((await systemctl("start", `on-${kind}`)).exitCode).not.toBe(0);
          const status = await host.statusOf(`on-${kind}`, { ...who, lines: 50 });
          const words = ["systemctl", ...own, "restart", `lost-${kind}.service`];
          expect(status).toContain(`lost-${kind}.service is active all the same: type ${words.join(" ")}, and start`);
          await systemctl(...words.slice(1 + own.length));
          expect((await systemctl("start", `on-${kind}`)).exitCode).toBe(0);
        }
        // Where the service makes no more than a name, the container's start has made it.
        expect((await systemctl("start", "on-plain")).exitCode).toBe(0);
        await systemctl("stop", "on-network", "on-volume", "on-plain", "berth-networks.target");
        await systemctl("reset-failed");
        await nothingLeft();
      },
    );
  }
});
