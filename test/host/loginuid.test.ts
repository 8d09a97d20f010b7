import { afterAll, beforeAll, expect } from "bun:test";
import { Audit, type AuditRecord, auditMisses } from "./audit.ts";
import { bootWithImages, install, property } from "./containers.ts";
import type { Host, Result, RunOptions } from "./host.ts";
import { describeOnSuites, hostLaneMisses, testUnless } from "./lane.ts";
import { sample } from "./registry.ts";

const auditTest = testUnless(hostLaneMisses() ?? auditMisses(), "loginuid");

const ALICE = 1000;
const UNSET = 4294967295;
/** What a payload that tries to pass for another uid prints where the kernel refuses it. */
const REFUSED = "refused";

/** A folder of the host whose file is watched, and that containers have as /watched. */
const FOLDER = "/tmp/watched";

/** Opens the watched file, then tries to forge its own loginuid, and says how that went. */
function payload(file: string): string[] {
  return ["sh", "-c", `cat /watched/${file} && { echo 777 > /proc/self/loginuid && echo forged || echo ${REFUSED}; }`];
}

describeOnSuites("both", "the audit loginuid on %s", (suite) => {
  let host: Host;
  let audit: Audit;
  let count = 0;
  beforeAll(async () => {
    if ((hostLaneMisses() ?? auditMisses()) !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    await host.ok(["berth", "pull", "--quiet", sample("tools:1")], { user: "alice" });
    audit = await Audit.open();
  }, 400_000);
  afterAll(async () => {
    await audit?.close();
    await host?.close();
  });

  /** A new watched file: its name, and the record of its being opened by the busybox of a container. */
  async function watched(): Promise<{ file: string; opened: () => Promise<AuditRecord> }> {
    const file = `file-${count++}`;
    await host.write(`${FOLDER}/${file}`, "");
    const key = await audit.watch(host, `${FOLDER}/${file}`);
    return {
      file,
      opened: async () => {
        const [record, ...more] = await audit.records(key);
        if (record === undefined || more.length > 0) throw new Error(`${more.length + 1} records of one open`);
        return record;
      },
    };
  }

  /** A `.container` file that runs a command beside the watched files. */
  function unit(argv: readonly string[], loginuid: string | undefined): string {
    return [
      "[Container]",
      `Image=${sample("tools:1")}`,
      "Network=none",
      "StopSignal=KILL",
      `Volume=${FOLDER}:/watched`,
      `Exec=${argv.map((word) => JSON.stringify(word)).join(" ")}`,
      ...(loginuid === undefined ? [] : ["[Berth]", `LoginUID=${loginuid}`]),
      "",
    ].join("\n");
  }

  async function run(words: readonly string[], options: RunOptions): Promise<Result> {
    const flags = ["--network", "none", "--volume", `${FOLDER}:/watched`];
    return host.run(["berth", "run", ...flags, ...words], options);
  }

  /** Starts a unit by a command, waits until its payload has ended, and gives what it said. */
  async function output(name: string, start: readonly string[], options: RunOptions = {}): Promise<string> {
    await host.ok(start, options);
    await host.sh(`while systemctl is-active --quiet ${name}; do sleep 0.05; done`);
    return host.journal(name);
  }

  auditTest("of a login session stays over berth run, of root and of a user", async () => {
    for (const user of ["root", "alice"]) {
      const { file, opened } = await watched();
      const result = await run([sample("tools:1"), ...payload(file)], { loginuid: ALICE, user });
      expect(result).toMatchObject({ stdout: `${REFUSED}\n`, exitCode: 0 });
      expect(await opened()).toMatchObject({ auid: ALICE, success: true });
    }
  });

  auditTest("of a login by PAM stays as well", async () => {
    const { file, opened } = await watched();
    const flags = ["--network", "none", "--volume", `${FOLDER}:/watched`];
    const command = ["berth", "run", ...flags, sample("tools:1"), ...payload(file)];
    const result = await host.login("alice", command, { env: { XDG_RUNTIME_DIR: "/run/user/1000" } });
    expect(result).toMatchObject({ stdout: `${REFUSED}\n`, exitCode: 0 });
    expect(await opened()).toMatchObject({ auid: ALICE, success: true });
  });

  auditTest("of the caller is taken along by berth run -d into a unit of its own", async () => {
    for (const user of ["root", "alice"]) {
      const { file, opened } = await watched();
      const name = `detached-${user}`;
      const script = ["sh", "-c", `${payload(file)[2]}; sleep 1000`];
      const result = await run(["-d", "--stop-signal", "KILL", "--name", name, sample("tools:1"), ...script], {
        loginuid: ALICE,
        user,
      });
      expect(result).toMatchObject({ stderr: "", exitCode: 0 });
      expect(await opened()).toMatchObject({ auid: ALICE, success: true });
      const manager = user === "root" ? ["--unit"] : ["--user", "--unit"];
      await host.sh(`until journalctl ${manager.join(" ")} berth-${name} | grep -w ${REFUSED}; do sleep 0.05; done`, {
        user,
      });
      await host.ok(["systemctl", ...(user === "root" ? [] : ["--user"]), "stop", `berth-${name}.service`], { user });
    }
  });

  auditTest("of berth exec is that of who runs it, not the container's", async () => {
    await install(host, { "idle.container": unit(["sleep", "1000"], undefined) });
    await host.ok(["systemctl", "start", "idle"]);
    const { file, opened } = await watched();
    const result = await host.run(["berth", "exec", "idle", ...payload(file)], { loginuid: ALICE });
    expect(result).toMatchObject({ stdout: `${REFUSED}\n`, exitCode: 0 });
    expect(await opened()).toMatchObject({ auid: ALICE, success: true });
    await host.ok(["systemctl", "stop", "idle"]);
  });

  auditTest("of a system unit is what LoginUID= says: a user or a uid", async () => {
    for (const [name, uid] of [
      ["alice", ALICE],
      ["4321", 4321],
      ["root", 0],
    ] as const) {
      const { file, opened } = await watched();
      await install(host, { [`sealed-${name}.container`]: unit(payload(file), name) });
      expect(await output(`sealed-${name}`, ["systemctl", "start", `sealed-${name}`])).toContain(REFUSED);
      expect(await opened()).toMatchObject({ auid: uid, uid: 0, success: true });
    }
  });

  auditTest("of a user that does not exist keeps the unit from starting", async () => {
    await install(host, { "nobody.container": unit(["true"], "no-such-user") });
    expect((await host.run(["systemctl", "start", "nobody"])).exitCode).not.toBe(0);
    expect(await host.journal("nobody")).toContain('no user "no-such-user" on this host');
  });

  auditTest("of a unit with LoginUID=caller is that of who ran berth start, once", async () => {
    const first = await watched();
    await install(host, { "asked.container": unit(payload(first.file), "caller") });
    expect(await output("asked", ["berth", "start", "asked"], { loginuid: ALICE })).toContain(REFUSED);
    expect(await first.opened()).toMatchObject({ auid: ALICE, uid: 0, success: true });

    const second = await watched();
    await install(host, { "asked.container": unit(payload(second.file), "caller") });
    await output("asked", ["systemctl", "start", "asked"]);
    expect(await second.opened()).toMatchObject({ auid: UNSET, success: true });
  });

  auditTest("of who asked in vain does not pass to a later start", async () => {
    const { file, opened } = await watched();
    const script = ["sh", "-c", `cat /watched/${file}; sleep 1000`];
    await install(host, { "running.container": unit(script, "caller") });
    await host.ok(["systemctl", "start", "running"]);
    expect(await opened()).toMatchObject({ auid: UNSET });
    // It runs already, so this starts nothing.
    await host.ok(["berth", "start", "running"], { loginuid: ALICE });
    const after = await watched();
    await host.ok(["systemctl", "stop", "running"]);
    await install(host, { "running.container": unit(payload(after.file), "caller") });
    await output("running", ["systemctl", "start", "running"]);
    expect(await after.opened()).toMatchObject({ auid: UNSET });
    expect(await host.sh("ls -A /run/berth/callers")).toBe("");
  });

  auditTest("of a user's unit is the user's", async () => {
    const { file, opened } = await watched();
    // It stays: a line whose sender is gone when journald reads it is not filed under the unit in a user's manager,
    // where journald goes by the sender's cgroup.
    const script = ["sh", "-c", `${payload(file)[2]}; sleep 1000`];
    await host.write("/home/alice/.config/containers/systemd/mine.container", unit(script, undefined));
    await host.ok(["systemctl", "--user", "daemon-reload"], { user: "alice" });
    await host.ok(["systemctl", "--user", "start", "mine"], { user: "alice" });
    expect(await opened()).toMatchObject({ auid: ALICE, uid: ALICE, success: true });
    await host.sh(`until journalctl --user --unit mine | grep -w ${REFUSED}; do sleep 0.05; done`, { user: "alice" });
    await host.ok(["systemctl", "--user", "stop", "mine"], { user: "alice" });
  });

  auditTest("is one the payload cannot change by berth exec into a sealed unit either", async () => {
    await install(host, { "locked.container": unit(["sleep", "1000"], "4321") });
    await host.ok(["systemctl", "start", "locked"]);
    const pid = await property(host, "locked", "MainPID");
    expect(await host.ok(["cat", `/proc/${pid}/loginuid`])).toBe("4321");
    const { file, opened } = await watched();
    const result = await host.run(["berth", "exec", "locked", ...payload(file)], { loginuid: ALICE });
    expect(result.stdout).toBe(`${REFUSED}\n`);
    expect(await opened()).toMatchObject({ auid: ALICE });
    await host.ok(["systemctl", "stop", "locked"]);
  });
});
