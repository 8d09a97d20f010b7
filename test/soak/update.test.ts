import { afterAll, beforeAll, expect } from "bun:test";
import { copyFile } from "node:fs/promises";
import { bootHost, DIST_BERTH, type Host, type Result, until } from "../host/host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "../host/lane.ts";
import { leftovers } from "../host/leftovers.ts";
import { sample, startRegistry } from "../host/registry.ts";
import { oldBerth } from "./old-berth.ts";

const SYSTEM = "/etc/containers/systemd";
const USER = "/home/alice/.config/containers/systemd";
const container = (...lines: string[]) =>
  ["[Container]", `Image=${sample("tools:1")}`, "Exec=sleep 10000", "StopSignal=KILL", ...lines, ""].join("\n");

/** A container of each kind whose record an update has to be able to read. */
const FILES: Readonly<Record<string, string>> = {
  [`${SYSTEM}/back.network`]: "[Network]\nSubnet=10.98.0.0/24\n",
  [`${SYSTEM}/bridged.container`]: container("Network=back.network", "PublishPort=8070:80"),
  [`${SYSTEM}/kept.volume`]: "[Volume]\n",
  [`${SYSTEM}/keeps.container`]: container("Network=none", "Volume=kept.volume:/data"),
  [`${SYSTEM}/mapped.container`]: container("Network=none", "UserNS=auto"),
  [`${SYSTEM}/shop.pod`]: "[Pod]\nPublishPort=8071:80\n",
  [`${SYSTEM}/member.container`]: container("Pod=shop.pod"),
  [`${USER}/mine.container`]: container("Network=pasta", "PublishPort=8072:80"),
  [`${USER}/own.pod`]: "[Pod]\nPublishPort=8073:80\n",
  [`${USER}/part.container`]: container("Pod=own.pod"),
};
const UNITS = {
  root: ["bridged", "keeps", "mapped", "member"],
  alice: ["mine", "part"],
} as const;
type User = keyof typeof UNITS;
const USERS: readonly User[] = ["root", "alice"];
const CONTAINERS = USERS.flatMap((user) => UNITS[user].map((unit) => ({ user, unit, name: `systemd-${unit}` })));

describeOnSuites("both", "containers that another version of berth has started, on %s,", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootHost({ suite });
    await startRegistry(host);
    await host.sh("for f in subuid subgid; do echo containers:500000:100000 >> /etc/$f; done");
    await host.sh(`ip link add up0 type bridge; ip addr add 203.0.113.5/24 dev up0; ip link set up0 up
      ip route replace default via 203.0.113.1`);
    await copyFile(await oldBerth(), host.path("/root/old-berth"));
    await copyFile(DIST_BERTH, host.path("/root/new-berth"));
    for (const [path, text] of Object.entries(FILES)) await host.write(path, text);
    await host.ok(["chown", "-R", "alice:alice", "/home/alice"]);
    for (const user of USERS) await host.ok(["berth", "pull", "--quiet", sample("tools:1")], { user });
  }, 900_000);
  afterAll(async () => {
    await host?.close();
  });

  const systemctl = (user: User, ...words: string[]) =>
    host.run(["systemctl", ...(user === "alice" ? ["--user"] : []), ...words], { user });

  /** Installs a version as a person does; services that run go on. */
  async function update(version: "old" | "new"): Promise<void> {
    await host.ok(["chmod", "755", `/root/${version}-berth`]);
    await host.ok([`/root/${version}-berth`, "setup"]);
    await systemctl("alice", "daemon-reload");
  }

  async function startAll(): Promise<void> {
    await host.ok(["systemctl", "daemon-reload"]);
    for (const user of USERS) {
      const { exitCode, stderr } = await systemctl(user, "start", ...UNITS[user]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    }
    await host.ok(["berth", "run", "-d", "--name", "byhand", "-p", "8074:80", sample("tools:1"), "sleep", "10000"]);
  }

  /** Nothing is left of any container, with either user. */
  async function allIsGone(): Promise<void> {
    await systemctl("alice", "stop", "berth-networks.target");
    await until("nothing to be left", async () => (await leftovers(host)) === "");
  }

  hostTest(
    "are listed, entered, inspected, stopped and cleaned up by this one",
    async () => {
      await update("old");
      await startAll();
      const pids = await Promise.all(
        CONTAINERS.map(async ({ user, unit }) => (await systemctl(user, "show", "--value", "-pMainPID", unit)).stdout),
      );
      await update("new");
      for (const [index, { user, name }] of CONTAINERS.entries()) {
        const as = { user };
        const rows = JSON.parse(await host.ok(["berth", "ps", "--format", "json"], as)) as { Names: string[] }[];
        expect(rows.find(({ Names }) => Names.includes(name))).toMatchObject({ State: "running" });
        const [seen] = JSON.parse(await host.ok(["berth", "inspect", name], as));
        expect(seen).toMatchObject({ Name: name, State: { Running: true, Pid: Number(pids[index]) } });
        expect(await host.ok(["berth", "exec", name, "cat", "/proc/1/comm"], as)).toBe("sleep");
      }
      expect(JSON.parse(await host.ok(["berth", "inspect", "systemd-bridged"]))).toMatchObject([
        { NetworkSettings: { Networks: { "systemd-back": { IPAddress: expect.stringMatching(/^10\.98\.0\./) } } } },
      ]);
      for (const user of USERS) expect(await host.ok(["berth", "pod", "ls"], { user })).toMatch(/systemd-(shop|own) /);
      expect(await host.ok(["berth", "network", "ls", "--quiet"])).toContain("systemd-back");
      expect((await host.run(["berth", "volume", "rm", "systemd-kept"])).exitCode).toBe(2);
      expect((await host.run(["berth", "rmi", sample("tools:1")])).exitCode).toBe(2);
      // Names and addresses are taken.
      expect((await host.run(["berth", "run", "--name", "byhand", sample("tools:1"), "true"])).stderr).toContain(
        "in use",
      );
      // One restarts, one is killed, others are stopped by systemd and by berth.
      expect((await systemctl("root", "restart", "bridged")).exitCode).toBe(0);
      await systemctl("root", "kill", "--signal=KILL", "mapped");
      for (const user of USERS) expect((await systemctl(user, "stop", ...UNITS[user].slice(1))).stderr).toBe("");
      expect(await host.ok(["berth", "stop", "systemd-bridged", "byhand"])).toBe("systemd-bridged\nbyhand");
      expect(await host.ok(["berth", "stop", "mine"], { user: "alice" })).toBe("mine");
      for (const user of USERS) await systemctl(user, "stop", user === "root" ? "shop-pod" : "own-pod");
      await allIsGone();
      expect(await host.ok(["berth", "ps", "--all", "--quiet"])).toBe("");
    },
    300_000,
  );

  hostTest(
    "are found by an older one, or it says in one sentence why not",
    async () => {
      await update("new");
      await startAll();
      await update("old");
      const clear = ({ exitCode, stderr }: Result) =>
        exitCode === 0 || stderr.split("\n").filter((line) => /^berth: error: \S.*\S$/.test(line)).length === 1;
      for (const { user, name } of CONTAINERS)
        for (const words of [["ps"], ["inspect", name], ["exec", name, "true"], ["stop", name]]) {
          const result = await host.run(["berth", ...words], { user });
          expect([name, ...words, clear(result) || result]).toEqual([name, ...words, true]);
        }
      await update("new");
      for (const user of USERS) await systemctl(user, "stop", ...UNITS[user], user === "root" ? "shop-pod" : "own-pod");
      await host.run(["berth", "stop", "byhand"]);
      await host.ok(["berth", "cleanup", "--stale"]);
      await host.ok(["berth", "cleanup", "--stale"], { user: "alice" });
      await allIsGone();
    },
    300_000,
  );
});
