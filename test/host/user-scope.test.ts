import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, OCI_RUNTIME } from "./lane.ts";
import { sample } from "./registry.ts";

const UNITS = "/home/alice/.config/containers/systemd";
const STORE = "/home/alice/.local/share/berth";
const RUNTIME = "/run/user/1000/berth";

describeOnSuites("both", "an ordinary user's containers on %s", (suite) => {
  let host: Host;
  const alice = { user: "alice" } as const;
  const show = async (unit: string, property: string) =>
    host.ok(["systemctl", "--user", "show", "--value", `--property=${property}`, unit], alice);

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite);
    const app = `[Container]\nImage=${sample("app:1")}\nNetwork=host\n`;
    await host.write(
      `${UNITS}/app.container`,
      `${app}Environment=NAME=alice\nVolume=data:/data\n[Socket]\nListenStream=%t/app.sock\n`,
    );
    await host.write(`${UNITS}/alone.container`, `${app.replace("host", "none")}User=1000\n`);
    await host.write(`${UNITS}/gone.container`, "[Container]\nImage=localhost/nothing:1\nPull=never\n");
    await host.ok(["chown", "-R", "alice:alice", "/home/alice"]);
    await host.ok(["berth", "pull", "--quiet", sample("app:1")], alice);
    await host.ok(["systemctl", "--user", "daemon-reload"], alice);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("are children of the user's systemd, with no helper beside them and the user's auid", async () => {
    await host.ok(["systemctl", "--user", "start", "app.socket"], alice);
    const answer = await host.ok(["curl", "-sS", "--unix-socket", "/run/user/1000/app.sock", "http://app/"], alice);
    expect(answer).toStartWith("hello from alice");
    const pid = await show("app.service", "MainPID");
    const manager = await host.ok(["systemctl", "show", "--value", "--property=MainPID", "user@1000.service"]);
    expect(await host.ok(["ps", "-o", "ppid=", "-p", pid])).toMatch(new RegExp(`^\\s*${manager}$`));
    // The launcher has handed the container over, and may be about to end.
    const helpers = "ps -eo comm= | grep -E '^(berth|runc|unshare|newuidmap|catatonit)' || true";
    await until("no helper to be left", async () => (await host.sh(helpers)) === "");
    expect(await host.ok(["cat", `/proc/${pid}/loginuid`])).toBe("1000");
    expect(await host.ok(["awk", "NR == 1 { print $1, $2, $3 }", `/proc/${pid}/uid_map`])).toBe("0 1000 1");
    const mounts = await host.ok(["findmnt", "--task", "1", "--list", "--noheadings", "--output", "TARGET"]);
    expect(mounts).not.toContain("berth/containers");
    expect(await host.ok(["berth", "ps", "--format", "json"], alice)).toContain('"Unit": "app.service"');
    expect(await host.ok(["berth", "logs", "app"], alice)).toContain("app: serving 1 socket(s)");
    await host.ok(["systemctl", "--user", "stop", "app.socket", "app.service"], alice);
    expect(
      await host.ok([
        "find",
        `${STORE}/containers`,
        `${RUNTIME}/containers`,
        `${RUNTIME}/${OCI_RUNTIME}`,
        `${RUNTIME}/names`,
        "-mindepth",
        "1",
        ...["!", "-path", "*/crun/.cache*"],
      ]),
    ).toBe("");
  });

  hostTest("run as another user of the image, without a network", async () => {
    await host.ok(["systemctl", "--user", "start", "alone"], alice);
    const pid = await show("alone.service", "MainPID");
    // uid 1000 inside is the user's subordinate id for it, not the user.
    expect(await host.ok(["ps", "-o", "uid=", "-p", pid])).toMatch(/^\s*10\d{4}$/);
    expect(await host.ok(["nsenter", "--net", "--target", pid, "ip", "-brief", "link"])).toMatch(
      /^lo\s+\S+\s+\S+ <\S+>\s*$/,
    );
    await host.ok(["systemctl", "--user", "kill", "--signal=KILL", "alone"], alice);
    await until("the unit to end", async () => (await show("alone.service", "ActiveState")) === "failed");
    expect(await host.ok(["find", `${STORE}/containers`, `${RUNTIME}/containers`, "-mindepth", "1"])).toBe("");
  });

  hostTest(
    "say in their unit's status why they fail, also where the journal comes too late to ask who said it",
    async () => {
      const journald = await host.ok(["systemctl", "show", "--value", "--property=MainPID", "systemd-journald"]);
      await host.ok(["kill", "-STOP", journald]);
      try {
        expect((await host.run(["systemctl", "--user", "start", "gone"], alice)).exitCode).not.toBe(0);
      } finally {
        await host.ok(["kill", "-CONT", journald]);
      }
      const status = await host.statusOf("gone", alice);
      expect(status.match(/berth: error: image localhost\/nothing:1 is not in the store/g)).toHaveLength(1);
    },
  );

  hostTest("run in the foreground of a login session", async () => {
    const run = await host.login("alice", [
      "berth",
      "run",
      "--network",
      "none",
      "--entrypoint",
      "sh",
      sample("app:1"),
      "-c",
      "id -u; cat /proc/self/loginuid; exit 7",
    ]);
    // The kernel shows the auid in the reader's own terms: inside, the user 1000 is root.
    expect(run).toEqual({ stdout: "0\n0", stderr: "", exitCode: 7 });
    expect(
      await host.ok([
        "find",
        `${STORE}/containers`,
        `${RUNTIME}/containers`,
        `${RUNTIME}/${OCI_RUNTIME}`,
        "-mindepth",
        "1",
        "!",
        "-path",
        "*/crun/.cache*",
      ]),
    ).toBe("");
  });

  hostTest("say why they did not start in the background", async () => {
    const run = ["berth", "run", "-dq", "--name=low", "-p", "80:80", "--entrypoint=true", sample("app:1")];
    const { exitCode, stderr } = await host.run(run, alice);
    expect(exitCode).toBe(125);
    expect(stderr).toContain("  berth: error: publish port 80: a user may publish ports from 1024 on");
    expect((await host.run(["berth", "logs", "low"], alice)).stdout).toContain("berth: error: publish port 80");
  });

  hostTest("names the limit that a user cannot have", async () => {
    const run = ["berth", "run", "--network", "none", "--ulimit", "memlock=-1", sample("app:1")];
    const { exitCode, stdout, stderr } = await host.run(["prlimit", "--memlock=65536:65536", ...run], alice);
    const hint = "LimitMEMLOCK= of user@.service, or limits.conf(5), raises that";
    expect(stderr).toBe(`berth: error: ulimit memlock=unlimited: more than this user's hard limit 65536 (${hint})\n`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "" });
  });

  hostTest("works in a folder that the user may not enter", async () => {
    const own = "exec runuser -u alice -- env HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1000";
    const inRootsHome = (words: string) => host.run(["sh", "-c", `chmod 700 /root; cd /root; ${own} ${words}`]);
    await host.ok(["berth", "rmi", "--force", sample("app:1")], alice);
    expect(await inRootsHome(`berth pull --quiet ${sample("app:1")}`)).toMatchObject({ exitCode: 0, stderr: "" });
    const run = await inRootsHome(`berth run --rm --network none --entrypoint pwd ${sample("app:1")}`);
    expect(run).toEqual({ exitCode: 0, stdout: "/\n", stderr: "" });
  });
});
