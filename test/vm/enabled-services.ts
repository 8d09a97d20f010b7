import { expect } from "bun:test";
import { join } from "node:path";
import { install, property } from "../host/containers.ts";
import { until } from "../host/host.ts";
import { OCI_RUNTIME } from "../host/lane.ts";
import { sample } from "../host/registry.ts";
import { SLOW } from "./containers.ts";
import type { Vm } from "./vm.ts";

const WANTED = "[Install]\nWantedBy=multi-user.target\n";
/** Their first processes are killed when they stop: none of this is about how they end. */
const ENDS = "StopSignal=KILL\nStopTimeout=60\n";
const TOOLS = `[Container]\nImage=${sample("tools:1")}\nExec=sleep infinity\n${ENDS}`;
/** At boot all of them start at once. */
const SLOW_START = "[Service]\nTimeoutStartSec=10min\n";

/** What is enabled: a volume, published ports, a pod, and a few more to be busy with. */
const FILES: Readonly<Record<string, string>> = {
  "data.volume": "[Volume]\n",
  "data.container": [
    `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nVolume=data.volume:/data`,
    "Exec=sh -c 'echo started >> /data/log; sync; sleep infinity'",
    ENDS + SLOW_START + WANTED,
  ].join("\n"),
  "web.container": `[Container]\nImage=${sample("app:1")}\nPublishPort=8080:8080\nEnvironment=NAME=web\n${ENDS}${SLOW_START}${WANTED}`,
  "shop.pod": `[Pod]\n${SLOW_START}${WANTED}`,
  "shop-cart.container": `${TOOLS}Pod=shop.pod\n${SLOW_START}`,
  ...Object.fromEntries(
    [1, 2, 3].map((n) => [
      `more-${n}.container`,
      `${TOOLS}Network=${n === 1 ? "bridge" : "none"}\n${SLOW_START}${WANTED}`,
    ]),
  ),
};
/** Their services. */
export const SERVICES = ["data", "web", "shop-pod", "shop-cart", "more-1", "more-2", "more-3"].map(
  (name) => `${name}.service`,
);

/** A container whose image comes through stall.pl; its pull is part of its start. */
const PULLED = `[Container]\nImage=127.0.0.1:5001/nginx:1\nNetwork=none\n[Service]\nTimeoutStartSec=10min\n${WANTED}`;

const STALL = `[Unit]
Before=pulled.service
[Service]
ExecStart=/usr/bin/perl /usr/local/lib/stall.pl 5001 5000 /run/stall
RuntimeDirectory=stall
[Install]
WantedBy=multi-user.target
`;

/** Installs what is enabled, and starts it. */
export async function startEnabled(vm: Vm): Promise<void> {
  await vm.ok(["berth", "pull", "--quiet", sample("tools:1"), sample("app:1")]);
  await install(vm, FILES);
  await vm.ok(["systemctl", "start", ...SERVICES]);
}

async function active(vm: Vm): Promise<string[]> {
  const states = await vm.run(["systemctl", "is-active", ...SERVICES]);
  return states.stdout.trim().split("\n");
}

/** How often the container with the volume has been started, as the volume says. */
export async function starts(vm: Vm): Promise<number> {
  return (await vm.ok(["cat", "/var/lib/berth/volumes/systemd-data/_data/log"])).split("\n").length;
}

/** Everything of berth's, at work and without a trace of what was before. */
export async function allIsWell(vm: Vm): Promise<void> {
  let states: string[] = [];
  const up = async () => {
    states = await active(vm);
    return states.every((state) => state === "active");
  };
  await until("everything enabled to be up", up, SLOW).catch(async (cause: unknown) => {
    const journal = await vm.sh(
      `journalctl --boot --no-pager --lines=40 ${SERVICES.map((name) => `-u ${name}`).join(" ")}`,
    );
    throw new Error(`${SERVICES.join(" ")} are ${states.join(" ")}:\n${journal}`, { cause });
  });
  expect(await vm.ok(["curl", "-sf", "--retry", "20", "--retry-connrefused", "http://127.0.0.1:8080/"])).toContain(
    "web",
  );
  expect(await vm.ok(["systemctl", "list-units", "--failed", "--plain", "--no-legend"])).toBe("");
  expect(await vm.ok(["berth", "verify"])).toBe("The store is sound.");
  const running = (await vm.ok(["berth", "ps", "--quiet", "--no-trunc"])).split("\n").sort();
  for (const folder of ["/run/berth/containers", "/var/lib/berth/containers", `/run/berth/${OCI_RUNTIME}`]) {
    expect([folder, ...(await vm.ok(["ls", folder])).split("\n")]).toEqual([folder, ...running]);
  }
}

/** Starts all of them, and returns when some are up and some are not. */
export async function startHalf(vm: Vm): Promise<void> {
  await vm.ok(["systemctl", "start", "--no-block", ...SERVICES]);
  const half = async () => {
    const states = await active(vm);
    return states.includes("active") && states.some((state) => state !== "active");
  };
  await until("some to be up and some not", half, SLOW);
}

/** Enables a service whose image has to be pulled, starts it, and returns when the pull is in the middle of a layer. */
export async function pullHalf(vm: Vm): Promise<void> {
  await vm.write("/usr/local/lib/stall.pl", await Bun.file(join(import.meta.dir, "stall.pl")).text());
  await install(vm, { "stall.service": STALL });
  await vm.ok(["systemctl", "enable", "--now", "stall"]);
  await vm.write("/run/stall/limit", "300000");
  await install(vm, { "pulled.container": PULLED });
  // These files are not what the power cut is about.
  await vm.ok(["sync"]);
  await vm.ok(["systemctl", "start", "--no-block", "pulled"]);
  const stalled = async () => (await vm.run(["test", "-e", "/run/stall/stalled"])).exitCode === 0;
  await until("the pull to be in the middle", stalled, SLOW);
}

/** At the next boot the pull has been finished and the service is up. */
export async function pullIsFinished(vm: Vm): Promise<void> {
  await until("it to be up", async () => (await property(vm, "pulled.service", "ActiveState")) === "active", SLOW);
}

/** Stops that service, and removes its image. */
export async function removePulled(vm: Vm): Promise<void> {
  await vm.ok(["systemctl", "stop", "pulled"]);
  await vm.ok(["berth", "image", "rm", "127.0.0.1:5001/nginx:1"]);
}

/** The files of the store. */
export async function storeFiles(vm: Vm): Promise<string> {
  return vm.sh("cd /var/lib/berth; find . -maxdepth 4 ! -path './volumes*' ! -path './containers*' | sort");
}
