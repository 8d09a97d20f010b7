import { expect } from "bun:test";
import { property, reaches } from "../host/containers.ts";
import { until } from "../host/host.ts";
import { sample } from "../host/registry.ts";
import type { Suite } from "../host/root.ts";
import { cgroupFile, SLOW, tools } from "./containers.ts";
import { vmTest } from "./lane.ts";
import type { Vm } from "./vm.ts";

/** Takes so many MB; the repetition is no constant, which perl would make at compile time. */
const TAKES = "perl -e 'my $n = shift; my $x = q(x) x ($n << 20); sleep 1000'";
const GREEDY = `${TAKES} 200`;
/** Starts processes until it may not start another one, and says how many there were. */
const FORKS = `perl -e '$| = $n = 1; while (defined(my $p = fork)) { sleep 1000 if $p == 0; last if ++$n > 300 } print "processes: $n, $!\\n"; sleep 1000'`;

/** One limit of each kind, and what the payload sees of them. */
const SEES = `cd /sys/fs/cgroup; grep . memory.max memory.high cpu.max; ulimit -n; ulimit -Hn; df /dev/shm; nproc`;
const ALL = [
  "Memory=64m\nPidsLimit=100\nShmSize=8m\nUlimit=nofile=100:200",
  "[Service]\nMemoryHigh=60M\nCPUQuota=50%\nCPUWeight=50\nIOWeight=20\nAllowedCPUs=1\n",
].join("\n");

/** What the tests start. */
export const LIMIT_FILES: Readonly<Record<string, string>> = {
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
  "all.container": tools(`sh -c "${SEES}; exec ${TAKES} 45"`, ALL),
  "shop.pod": "[Pod]\n[Service]\nSlice=shop.slice\n",
  "shop.slice": "[Slice]\nMemoryMax=160M\n",
  ...Object.fromEntries(
    ["one", "two"].map((name) => [`shop-${name}.container`, tools(`${TAKES} 100`, "Pod=shop.pod\n", "")]),
  ),
  "plain.service": `[Service]\nMemoryMax=64M\nExecStart=${GREEDY.replaceAll("$", "$$$$")}\n`,
};

const count = (text: string, key: string) => Number(text.match(new RegExp(`^${key} (\\d+)$`, "m"))?.[1]);

/** Limits of services and pods, as the kernel keeps to them and as programs see them. */
export function limitTests(machine: () => Vm, suite: Suite): void {
  vmTest("a payload above its memory has the result that a plain service has: oom-kill", async () => {
    const vm = machine();
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
      const vm = machine();
      await vm.ok(["systemctl", "start", "child", "goes-on"]);
      await reaches(vm, "child.service", "failed", SLOW);
      expect(await property(vm, "child.service", "Result")).toBe("oom-kill");
      await until("the other to go on", async () => (await vm.journal("goes-on.service")).includes("went on"), SLOW);
      expect(await property(vm, "goes-on.service", "ActiveState")).toBe("active");
      expect(count(await cgroupFile(vm, "goes-on.service", "memory.events"), "oom_kill")).toBe(1);
    },
  );

  vmTest("an OOM kill is a failure that is followed by a restart", async () => {
    const vm = machine();
    await vm.run(["systemctl", "start", "again"]);
    await until(
      "the restart to be due",
      async () => (await property(vm, "again.service", "SubState")) === "auto-restart",
      SLOW,
    );
    expect(await property(vm, "again.service", "Result")).toBe("oom-kill");
  });

  vmTest("limits are the unit's, hold for all of the container, and are what the payload sees", async () => {
    const vm = machine();
    await vm.ok(["systemctl", "start", "all"]);
    const used = async () => Number(await property(vm, "all.service", "MemoryCurrent"));
    await until("it to take memory", async () => (await used()) > 45 << 20, SLOW);
    const files = ["memory.max", "memory.high", "pids.max", "cpu.max", "cpu.weight", "io.weight", "cpuset.cpus"];
    const limits = await Promise.all(files.map((file) => cgroupFile(vm, "all.service", file)));
    expect(limits).toEqual(["67108864", "62914560", "100", "50000 100000", "50", "default 20", "1"]);
    expect(await property(vm, "all.service", "TasksCurrent")).toBe("1");
    expect(await vm.journal("all.service")).toMatch(
      /memory.max:67108864\nmemory.high:62914560\ncpu.max:50000 100000\n100\n200\n(.*\n)?shm +8192 .*\n1$/m,
    );
    const pid = await property(vm, "all.service", "MainPID");
    for (const command of ["systemctl status all", "systemd-cgls --unit all.service"]) {
      expect(await vm.sh(`${command} --no-pager | cat`)).toMatch(new RegExp(`─container.*\n +└─ ?${pid} perl`));
    }
    // Also while it runs.
    await vm.ok(["systemctl", "set-property", "--runtime", "all", "MemoryMax=62M", "CPUWeight=70"]);
    expect(await cgroupFile(vm, "all.service", "cpu.weight")).toBe("70");
    expect(await vm.ok(["nsenter", "--mount", "--target", pid, "cat", "/sys/fs/cgroup/memory.max"])).toBe("65011712");
    // Less than the payload has, but enough to clean up after it.
    await vm.ok(["systemctl", "set-property", "--runtime", "all", "MemoryMax=40M", "MemoryHigh=infinity"]);
    await reaches(vm, "all.service", "failed", SLOW);
    expect(await property(vm, "all.service", "Result")).toBe("oom-kill");
  });

  vmTest("a slice's MemoryMax= holds for all containers of a pod together", async () => {
    const vm = machine();
    await vm.ok(["systemctl", "start", "shop-pod"]);
    const units = ["shop-one.service", "shop-two.service"];
    const results = () => Promise.all(units.map((unit) => property(vm, unit, "Result")));
    await until("one of them to be killed", async () => (await results()).includes("oom-kill"), SLOW);
    // One was enough, and the kernel chooses which.
    expect((await results()).sort()).toEqual(["oom-kill", "success"]);
    expect(count(await vm.ok(["cat", "/sys/fs/cgroup/shop.slice/memory.events"]), "oom_kill")).toBe(1);
  });

  vmTest("PidsLimit= holds for all processes of the container", async () => {
    const vm = machine();
    await vm.ok(["systemctl", "start", "forks"]);
    const said = await until(
      "the forks to end",
      async () => /processes: (\d+), (.*)/.exec(await vm.journal("forks.service")) ?? undefined,
      SLOW,
    );
    expect(said.slice(1)).toEqual(["100", "Resource temporarily unavailable"]);
    expect(await cgroupFile(vm, "forks.service", "pids.current")).toBe("100");
  });

  vmTest("CPUQuota= throttles the container", async () => {
    const vm = machine();
    await vm.ok(["systemctl", "start", "busy"]);
    expect(await cgroupFile(vm, "busy.service", "cpu.max")).toBe("50000 100000");
    await until(
      "it to be throttled",
      async () => count(await cgroupFile(vm, "busy.service", "cpu.stat"), "nr_throttled") > 2,
      SLOW,
    );
    // The quota is the stop's as well, so what takes it all goes first.
    await vm.ok(["systemctl", "kill", "--signal=KILL", "busy"]);
  });

  // What the kernel alone does is the same on both.
  if (suite === "trixie") {
    vmTest("a container starts within the least that berth does not warn of", async () => {
      const vm = machine();
      await vm.ok(["systemctl", "start", "small"]);
      expect(await property(vm, "small.service", "ActiveState")).toBe("active");
      expect(count(await cgroupFile(vm, "small.service", "memory.events"), "oom_kill")).toBe(0);
    });

    vmTest("limits hold for a user's containers as well", async () => {
      const vm = machine();
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
}
