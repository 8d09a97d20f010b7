import { afterAll, beforeAll, describe, expect } from "bun:test";
import { install, property, reaches } from "../host/containers.ts";
import { until } from "../host/host.ts";
import { leftovers } from "../host/leftovers.ts";
import { sample } from "../host/registry.ts";
import { SUITES } from "../host/root.ts";
import { CREATE_TIMEOUT, vmLaneMisses, vmTest } from "./lane.ts";
import { Vm } from "./vm.ts";

/** Milliseconds for what a container does after its start. */
const SLOW = 180_000;

/** Takes so many MB; the repetition is no constant, which perl would make at compile time. */
const TAKES = "perl -e 'my $n = shift; my $x = q(x) x ($n << 20); sleep 1000'";
const GREEDY = `${TAKES} 200`;
/** Starts processes until it may not start another one, and says how many there were. */
const FORKS = `perl -e '$| = $n = 1; while (defined(my $p = fork)) { sleep 1000 if $p == 0; last if ++$n > 300 } print "processes: $n, $!\\n"; sleep 1000'`;

describe.each([...SUITES])("limits on %s", (suite) => {
  let vm: Vm;
  const tools = (exec: string, more = "") =>
    `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nExec=${exec.replaceAll("$", "$$$$")}\n${more}`;
  /** A file of a unit's cgroup. */
  const cgroup = async (unit: string, file: string) =>
    vm.ok(["cat", `/sys/fs/cgroup${await property(vm, unit, "ControlGroup")}/${file}`]);
  const count = (text: string, key: string) => Number(text.match(new RegExp(`^${key} (\\d+)$`, "m"))?.[1]);

  beforeAll(async () => {
    if (vmLaneMisses() !== undefined) return;
    vm = await Vm.create({ suite });
    await vm.ok(["berth", "pull", "--quiet", sample("tools:1")]);
    await install(vm, {
      "main.container": tools(GREEDY, "Memory=64m\n"),
      "child.container": tools(`sh -c "${GREEDY} & wait; sleep 1000"`, "Memory=64m\n"),
      "goes-on.container": tools(
        `sh -c "${GREEDY} & wait; echo went on; sleep 1000"`,
        "Memory=64m\n[Service]\nOOMPolicy=continue\n",
      ),
      "again.container": tools(GREEDY, "Memory=64m\n[Service]\nRestart=on-failure\nRestartSec=1h\n"),
      "forks.container": tools(FORKS, "PidsLimit=100\n"),
      "busy.container": tools("sh -c 'while :; do :; done'", "[Service]\nCPUQuota=50%\nTimeoutStopSec=5min\n"),
      "small.container": tools("sleep 1000", "Memory=32m\nPidsLimit=64\n"),
      "shop.pod": "[Pod]\n[Service]\nSlice=shop.slice\n",
      "shop.slice": "[Slice]\nMemoryMax=160M\n",
      ...Object.fromEntries(
        ["one", "two"].map((name) => [
          `shop-${name}.container`,
          tools(`${TAKES} 100`, "Pod=shop.pod\n").replace("Network=none\n", ""),
        ]),
      ),
      "plain.service": `[Service]\nMemoryMax=64M\nExecStart=${GREEDY.replaceAll("$", "$$$$")}\n`,
    });
  }, CREATE_TIMEOUT);
  afterAll(async () => {
    await vm?.close();
  });

  vmTest("a payload above its memory has the result that a plain service has: oom-kill", async () => {
    for (const unit of ["plain", "main"]) {
      await vm.run(["systemctl", "start", unit]);
      await reaches(vm, `${unit}.service`, "failed", SLOW);
      expect([unit, await property(vm, `${unit}.service`, "Result")]).toEqual([unit, "oom-kill"]);
    }
    expect(await vm.journal("main.service")).toContain("killed by the OOM killer");
  });

  vmTest(
    "a child's OOM kill ends the container as it would a plain service, unless OOMPolicy= says continue",
    async () => {
      await vm.ok(["systemctl", "start", "child", "goes-on"]);
      await reaches(vm, "child.service", "failed", SLOW);
      expect(await property(vm, "child.service", "Result")).toBe("oom-kill");
      await until("the other to go on", async () => (await vm.journal("goes-on.service")).includes("went on"), SLOW);
      expect(await property(vm, "goes-on.service", "ActiveState")).toBe("active");
      expect(count(await cgroup("goes-on.service", "memory.events"), "oom_kill")).toBe(1);
    },
  );

  vmTest("an OOM kill is a failure that is followed by a restart", async () => {
    await vm.run(["systemctl", "start", "again"]);
    await until(
      "the restart to be due",
      async () => (await property(vm, "again.service", "SubState")) === "auto-restart",
      SLOW,
    );
    expect(await property(vm, "again.service", "Result")).toBe("oom-kill");
  });

  // What the kernel alone does is the same on both.
  if (suite === "trixie") {
    vmTest("a slice's MemoryMax= holds for all containers of a pod together", async () => {
      await vm.ok(["systemctl", "start", "shop-pod"]);
      const units = ["shop-one.service", "shop-two.service"];
      const results = () => Promise.all(units.map((unit) => property(vm, unit, "Result")));
      await until("one of them to be killed", async () => (await results()).includes("oom-kill"), SLOW);
      // One was enough, and the kernel chooses which.
      expect((await results()).sort()).toEqual(["oom-kill", "success"]);
      expect(count(await vm.ok(["cat", "/sys/fs/cgroup/shop.slice/memory.events"]), "oom_kill")).toBe(1);
    });

    vmTest("PidsLimit= holds for all processes of the container", async () => {
      await vm.ok(["systemctl", "start", "forks"]);
      const said = await until(
        "the forks to end",
        async () => /processes: (\d+), (.*)/.exec(await vm.journal("forks.service")) ?? undefined,
        SLOW,
      );
      expect(said.slice(1)).toEqual(["100", "Resource temporarily unavailable"]);
      expect(await cgroup("forks.service", "pids.current")).toBe("100");
    });

    vmTest("CPUQuota= throttles the container", async () => {
      await vm.ok(["systemctl", "start", "busy"]);
      expect(await cgroup("busy.service", "cpu.max")).toBe("50000 100000");
      await until(
        "it to be throttled",
        async () => count(await cgroup("busy.service", "cpu.stat"), "nr_throttled") > 2,
        SLOW,
      );
      // The quota is the stop's as well, so what takes it all goes first.
      await vm.ok(["systemctl", "kill", "--signal=KILL", "busy"]);
    });

    vmTest("a container starts within the least that berth does not warn of", async () => {
      await vm.ok(["systemctl", "start", "small"]);
      expect(await property(vm, "small.service", "ActiveState")).toBe("active");
      expect(count(await cgroup("small.service", "memory.events"), "oom_kill")).toBe(0);
    });

    vmTest("limits hold for a user's containers as well", async () => {
      await vm.ok(["loginctl", "enable-linger", "alice"]);
      await until(
        "alice's manager",
        async () => (await vm.run(["test", "-S", "/run/user/1000/bus"])).exitCode === 0,
        SLOW,
      );
      const unit = "/home/alice/.config/containers/systemd/greedy.container";
      await vm.write(unit, tools(GREEDY, "Memory=64m\n"));
      await vm.ok(["berth", "pull", "--quiet", sample("tools:1")], { user: "alice" });
      const alice = (...words: string[]) => vm.run(["systemctl", "--user", ...words], { user: "alice" });
      await alice("daemon-reload");
      await alice("start", "greedy");
      await until("it to be killed", async () => (await alice("is-failed", "greedy")).exitCode === 0, SLOW);
      expect((await alice("show", "--property=Result", "greedy")).stdout).toBe("Result=oom-kill\n");
    });
  }

  vmTest("nothing is left over of those that were killed", async () => {
    await vm.run(["systemctl", "stop", "child", "goes-on", "again", "forks", "busy", "small", "shop-pod"]);
    expect(await leftovers(vm)).toBe("");
  });
});
