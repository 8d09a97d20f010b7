import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import { install, property } from "../host/containers.ts";
import { until } from "../host/host.ts";
import { leftovers } from "../host/leftovers.ts";
import { sample } from "../host/registry.ts";
import { CREATE_TIMEOUT, vmLaneMisses, vmTest } from "./lane.ts";
import { Vm } from "./vm.ts";

/** Milliseconds for services to come up. */
const SLOW = 240_000;

const WANTED = "[Install]\nWantedBy=multi-user.target\n";
const TOOLS = `[Container]\nImage=${sample("tools:1")}\nExec=sleep infinity\nStopTimeout=60\n`;

/** What is enabled: a volume, published ports, a pod, and a few more to be busy with. */
const FILES: Readonly<Record<string, string>> = {
  "data.volume": "[Volume]\n",
  "data.container": [
    `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nVolume=data.volume:/data\nStopTimeout=60`,
    "Exec=sh -c 'echo started >> /data/log; sync; sleep infinity'",
    WANTED,
  ].join("\n"),
  "web.container": `[Container]\nImage=${sample("app:1")}\nPublishPort=8080:8080\nEnvironment=NAME=web\nStopTimeout=60\n${WANTED}`,
  "shop.pod": `[Pod]\n${WANTED}`,
  "shop-cart.container": `${TOOLS}Pod=shop.pod\n`,
  ...Object.fromEntries(
    [1, 2, 3].map((n) => [`more-${n}.container`, `${TOOLS}Network=${n === 1 ? "bridge" : "none"}\n${WANTED}`]),
  ),
};
const SERVICES = ["data", "web", "shop-pod", "shop-cart", "more-1", "more-2", "more-3"].map(
  (name) => `${name}.service`,
);

/** A container whose image comes through stall.pl; its pull is part of its start. */
const PULLED = `[Container]\nImage=127.0.0.1:5001/nginx:1\nNetwork=none\n[Service]\nTimeoutStartSec=10min\n${WANTED}`;

describe("a machine that goes off", () => {
  let vm: Vm;

  beforeAll(async () => {
    if (vmLaneMisses() !== undefined) return;
    vm = await Vm.create({ suite: "trixie" });
    await vm.ok(["berth", "pull", "--quiet", sample("tools:1"), sample("app:1")]);
    await vm.write("/usr/local/lib/stall.pl", await Bun.file(join(import.meta.dir, "stall.pl")).text());
    await install(vm, {
      ...FILES,
      "stall.service":
        "[Unit]\nBefore=pulled.service\n[Service]\nExecStart=/usr/bin/perl /usr/local/lib/stall.pl 5001 5000 /run/stall\nRuntimeDirectory=stall\n[Install]\nWantedBy=multi-user.target\n",
    });
    await vm.ok(["systemctl", "start", ...SERVICES]);
  }, CREATE_TIMEOUT);
  afterAll(async () => {
    await vm?.close();
  });

  const active = async () => {
    const states = await vm.run(["systemctl", "is-active", ...SERVICES]);
    return states.stdout.trim().split("\n");
  };
  const starts = async () => (await vm.ok(["cat", "/var/lib/berth/volumes/systemd-data/_data/log"])).split("\n").length;
  /** Everything of berth's, at work and without a trace of what was before. */
  const allIsWell = async () => {
    await until("everything enabled to be up", async () => (await active()).every((state) => state === "active"), SLOW);
    expect(await vm.ok(["curl", "-sf", "--retry", "20", "--retry-connrefused", "http://127.0.0.1:8080/"])).toContain(
      "web",
    );
    expect(await vm.ok(["systemctl", "list-units", "--failed", "--plain", "--no-legend"])).toBe("");
    expect(await vm.ok(["berth", "verify"])).toBe("The store is sound.");
    const running = (await vm.ok(["berth", "ps", "--quiet", "--no-trunc"])).split("\n").sort();
    for (const folder of ["/run/berth/containers", "/var/lib/berth/containers", "/run/berth/runc"]) {
      expect([folder, ...(await vm.ok(["ls", folder])).split("\n")]).toEqual([folder, ...running]);
    }
  };
  const store = async () =>
    vm.sh("cd /var/lib/berth; find . -maxdepth 4 ! -path './volumes*' ! -path './containers*' | sort");

  vmTest("has everything that is enabled back after a reboot, with its data", async () => {
    await allIsWell();
    await vm.reboot();
    await allIsWell();
    expect(await starts()).toBe(2);
  });

  vmTest("has it back after a power cut in the middle of their starts", async () => {
    await vm.ok(["systemctl", "stop", ...SERVICES]);
    expect(await leftovers(vm)).toBe("");
    await vm.ok(["systemctl", "start", "--no-block", ...SERVICES]);
    await until(
      "some to be up and some not",
      async () => (await active()).filter((s) => s === "active").length >= 3,
      SLOW,
    );
    expect(await active()).toContain("activating");
    await vm.powerCut();
    await vm.boot();
    await allIsWell();
  });

  vmTest("finishes a pull at the next boot that a power cut has ended in the middle of a layer", async () => {
    const before = await store();
    await vm.ok(["systemctl", "enable", "--now", "stall"]);
    await vm.write("/run/stall/limit", "300000");
    await install(vm, { "pulled.container": PULLED });
    await vm.ok(["systemctl", "start", "--no-block", "pulled"]);
    await until(
      "the pull to be in the middle",
      async () => (await vm.run(["test", "-e", "/run/stall/stalled"])).exitCode === 0,
      SLOW,
    );
    await vm.powerCut();
    await vm.boot();
    await until("it to be up", async () => (await property(vm, "pulled.service", "ActiveState")) === "active", SLOW);
    await allIsWell();
    await vm.ok(["systemctl", "stop", "pulled"]);
    await vm.ok(["berth", "image", "rm", "127.0.0.1:5001/nginx:1"]);
    expect(await store()).toBe(before);
  });
});
