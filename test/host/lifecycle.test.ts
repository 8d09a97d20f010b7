import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, OCI_RUNTIME } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const UNITS = "/etc/containers/systemd";

async function show(host: Host, unit: string, ...properties: string[]): Promise<Record<string, string>> {
  const text = await host.ok(["systemctl", "show", unit, ...properties.map((name) => `--property=${name}`)]);
  return Object.fromEntries(
    text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

async function ended(host: Host, unit: string): Promise<void> {
  await until(`${unit} to end`, async () => {
    const { ActiveState } = await show(host, unit, "ActiveState");
    return ActiveState === "failed" || ActiveState === "inactive";
  });
}

/** The processes in a unit's cgroup and below, as "pid command". */
async function processes(host: Host, unit: string): Promise<string[]> {
  const text = await host.sh(
    `cat $(find /sys/fs/cgroup/system.slice/${unit} -name cgroup.procs) | while read p; do echo $p $(cat /proc/$p/comm); done`,
  );
  return text.split("\n").filter((line) => line !== "");
}

/** What the server on a port answers. Started is not listening yet, so a refused connection is tried again. */
async function ask(host: Host, port: number): Promise<string> {
  return until(`an answer on port ${port}`, async () => {
    const { exitCode, stdout } = await host.run(["curl", "-s", `http://127.0.0.1:${port}/`]);
    return exitCode === 0 ? stdout : undefined;
  });
}

describeOnSuites("both", "a container under systemd on %s", (suite) => {
  let host: Host;
  const container = (name: string, text: string) => host.write(`${UNITS}/${name}.container`, text);

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["app:1", "tools:1"]);
    const app = `[Container]\nImage=${sample("app:1")}\n`;
    const tools = `[Container]\nImage=${sample("tools:1")}\n`;
    await container("web", `${app}PublishPort=8080:8080\nEnvironment=NAME=web\n`);
    await container("plain", `${app}Network=host\nEnvironment=PORT=8081\n`);
    await container("code", `${tools}Network=none\nExec=sh -c 'exit 42'\n`);
    await container(
      "signal",
      `${tools}Network=none\nExec=perl -e 'print unpack "p", pack "Q", 1'\n[Service]\nLimitCORE=0\n`,
    );
    await container(
      "again",
      `${app}Network=host\nEnvironment=PORT=8082\n[Service]\nRestart=on-failure\nRestartSec=50ms\n`,
    );
    await container(
      "once",
      `${tools}Network=none\nExec=sh -c 'echo from a oneshot; exit 3'\n[Service]\nType=oneshot\n`,
    );
    await container(
      "usr1",
      `${tools}Network=none\nStopSignal=USR1\nExec=sh -c 'trap "echo got USR1; exit 0" USR1; echo up; while :; do sleep 0.05; done'\n`,
    );
    await container(
      "stuck",
      `${tools}Network=none\nStopTimeout=1\nExec=sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'\n`,
    );
    // An image with a stop signal of its own.
    await host.sh(`ctr=$(buildah --storage-driver vfs from --tls-verify=false ${sample("tools:1")})
      buildah --storage-driver vfs config --stop-signal SIGQUIT $ctr
      buildah --storage-driver vfs commit --quiet $ctr oci-archive:/root/quit.tar:localhost/quit:1`);
    await host.ok(["berth", "load", "--quiet", "-i", "/root/quit.tar"]);
    const quit = "[Container]\nImage=localhost/quit:1\nNetwork=none\n";
    const deaf = (words: string) => `Exec=sh -c '${words}; echo up; while :; do sleep 0.05; done'\n`;
    await container("graceful", `${quit}${deaf('trap "echo got QUIT; exit 0" QUIT')}`);
    await container("deaf", `${quit}StopTimeout=2\n${deaf('trap "" QUIT TERM')}`);
    await container(
      "owner",
      `${tools}Network=none\nUser=1000:1000\nVolume=/srv/mine:/mine:U\nExec=sleep 1000\nStopSignal=KILL\n`,
    );
    await container("ready", `${app}Network=host\nEnvironment=PORT=8083 SAY_READY=1\nNotify=true\n`);
    await container("nocommand", `${tools}Network=none\nExec=/does/not/exist\n`);
    await host.ok(["systemctl", "daemon-reload"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("is systemd's own child, alone in its unit, with no mount on the host", async () => {
    await host.ok(["systemctl", "start", "web"]);
    const { MainPID, ActiveState } = await show(host, "web", "MainPID", "ActiveState");
    expect(ActiveState).toBe("active");
    expect(await ask(host, 8080)).toStartWith("hello from web");
    expect(await host.ok(["ps", "-o", "ppid=", "-p", String(MainPID)])).toMatch(/^\s*1$/);
    expect(await processes(host, "web.service")).toEqual([`${MainPID} app`]);
    expect(await host.sh("ps -eo comm= | grep -E '^(berth|runc|conmon|netavark|aardvark-dns|catatonit)' || true")).toBe(
      "",
    );
    const mounts = await host.ok(["findmnt", "--task", "1", "--list", "--noheadings", "--output", "TARGET,FSTYPE"]);
    expect(mounts.split("\n").filter((line) => line.includes("overlay") && !/^\/\s/.test(line))).toEqual([]);
    expect(mounts).not.toContain("/run/berth");
    await host.ok(["systemctl", "stop", "web"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("shows an exit code and a death by signal as what they are", async () => {
    for (const unit of ["code", "signal"]) {
      await host.run(["systemctl", "start", unit]);
      await ended(host, unit);
    }
    expect(await show(host, "code", "ExecMainStatus", "ExecMainCode", "Result")).toEqual({
      ExecMainStatus: "42",
      ExecMainCode: "1",
      Result: "exit-code",
    });
    const signal = await show(host, "signal", "ExecMainStatus", "ExecMainCode", "Result");
    // CLD_KILLED, SIGSEGV: the first process of a PID namespace dies of no signal that it or its like could send.
    expect(signal).toEqual({ ExecMainStatus: "11", ExecMainCode: "2", Result: "signal" });
    expect(await leftovers(host)).toBe("");
  });

  hostTest("runs a oneshot in the foreground, its exit code the unit's", async () => {
    expect((await host.run(["systemctl", "start", "once"])).exitCode).toBe(1);
    expect(await show(host, "once", "ExecMainStatus", "Result")).toEqual({ ExecMainStatus: "3", Result: "exit-code" });
    expect(await host.journal("once")).toContain("from a oneshot");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("is restarted by Restart=on-failure", async () => {
    await host.ok(["systemctl", "start", "again"]);
    const before = await show(host, "again", "MainPID");
    await ask(host, 8082);
    await host.run(["curl", "-s", "http://127.0.0.1:8082/exit/7"]);
    await until("the restart", async () => {
      const now = await show(host, "again", "MainPID", "NRestarts", "SubState");
      return now.SubState === "running" && now.NRestarts === "1" && now.MainPID !== before.MainPID;
    });
    await ask(host, 8082);
    await host.ok(["systemctl", "stop", "again"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("gets its StopSignal, and no longer to stop than it takes", async () => {
    await host.ok(["systemctl", "start", "usr1"]);
    await until("the payload to run", async () => (await host.journal("usr1")).includes("up"));
    await host.ok(["systemctl", "stop", "usr1"]);
    expect(await host.journal("usr1")).toContain("got USR1");
    expect(await show(host, "usr1", "Result", "ExecMainStatus")).toEqual({ Result: "success", ExecMainStatus: "0" });
    // The stop time-out is ten seconds; a payload that ends at once must not wait for any of it.
    const { InactiveEnterTimestampMonotonic: end, ActiveExitTimestampMonotonic: start } = await show(
      host,
      "usr1",
      "InactiveEnterTimestampMonotonic",
      "ActiveExitTimestampMonotonic",
    );
    expect(Number(end) - Number(start)).toBeLessThan(5_000_000);
  });

  hostTest("is killed when it does not stop in time", async () => {
    await host.ok(["systemctl", "start", "stuck"]);
    await until("the payload to run", async () => (await host.journal("stuck")).includes("up"));
    await host.ok(["systemctl", "stop", "stuck"]);
    expect(await show(host, "stuck", "Result", "ExecMainStatus")).toEqual({ Result: "timeout", ExecMainStatus: "9" });
    expect(await leftovers(host)).toBe("");
  });

  hostTest("gets the image's own stop signal where D-Bus does not answer, as at shutdown", async () => {
    // What the unit does where the generator does not know the signal: at the first start, or in a unit of long ago.
    await host.sh("rm /var/lib/berth/stop-signals; systemctl daemon-reload");
    expect(await host.ok(["systemctl", "cat", "graceful", "deaf"])).toContain("ExecStop=-");
    await host.ok(["systemctl", "start", "graceful"]);
    await until("the payload to run", async () => (await host.journal("graceful")).includes("up"));
    await host.ok(["systemctl", "kill", "--signal=STOP", "dbus"]);
    try {
      await host.ok(["systemctl", "stop", "graceful"]);
    } finally {
      await host.ok(["systemctl", "kill", "--signal=CONT", "dbus"]);
    }
    expect(await host.journal("graceful")).toContain("got QUIT");
  });

  hostTest("gets the image's own stop signal, and is killed once when it takes no notice of it", async () => {
    await host.ok(["systemctl", "start", "graceful"]);
    await until("the payload to run", async () => (await host.journal("graceful")).includes("up"));
    await host.ok(["systemctl", "stop", "graceful"]);
    expect(await host.journal("graceful")).toContain("got QUIT");
    await host.ok(["systemctl", "start", "deaf"]);
    await until("the payload to run", async () => (await host.journal("deaf")).includes("up"));
    await host.ok(["systemctl", "stop", "deaf"]);
    const times = await show(
      host,
      "deaf",
      "InactiveEnterTimestampMonotonic",
      "ActiveExitTimestampMonotonic",
      "ExecMainStatus",
    );
    expect(times.ExecMainStatus).toBe("9");
    // One StopTimeout= of two seconds, not one for each signal.
    const took = Number(times.InactiveEnterTimestampMonotonic) - Number(times.ActiveExitTimestampMonotonic);
    expect(took).toBeGreaterThan(1_000_000);
    expect(took).toBeLessThan(3_500_000);
    expect(await leftovers(host)).toBe("");
  });

  hostTest(
    "stops by the signal of the image that it runs, without a command, whatever its name means next",
    async () => {
      const load = async (signal: string) => {
        await host.sh(`ctr=$(buildah --storage-driver vfs from --tls-verify=false ${sample("tools:1")})
        buildah --storage-driver vfs config --stop-signal ${signal} $ctr
        buildah --storage-driver vfs commit --quiet $ctr oci-archive:/root/moves.tar:localhost/moves:1
        berth load --quiet -i /root/moves.tar; rm /root/moves.tar`);
      };
      const lines = async () => (await host.ok(["systemctl", "cat", "moves"])).match(/^(?:ExecStop|KillSignal)=.*/gm);
      const traps = ["TERM", "QUIT"].map((name) => `trap "echo got ${name}; exit 0" ${name}`).join("; ");
      const stops = async (signal: string) => {
        await until("the payload to run", async () => (await host.journal("moves")).trimEnd().endsWith("up"));
        await host.ok(["systemctl", "stop", "moves"]);
        expect((await host.journal("moves")).match(/got (\w+)/g)?.at(-1)).toBe(`got ${signal}`);
        expect(await leftovers(host)).toBe("");
      };
      const exec = `Exec=sh -c '${traps}; echo up; while :; do sleep 0.05; done'`;
      await container("moves", `[Container]\nImage=localhost/moves:1\nNetwork=none\n${exec}\n`);
      await load("SIGTERM");
      await host.sh("systemctl daemon-reload; systemctl start moves");
      expect(await lines()).toBeNull();
      await load("SIGQUIT");
      await host.ok(["systemctl", "daemon-reload"]);
      expect(await lines()).toBeNull();
      await stops("TERM");
      // Without a reload in between: the launcher has systemd read its units anew.
      await host.ok(["systemctl", "start", "moves"]);
      expect(await lines()).toEqual(["KillSignal=SIGQUIT"]);
      await stops("QUIT");
      // An older berth notes no signal of what runs, and has none of what is in the store.
      await host.ok(["systemctl", "start", "moves"]);
      await host.sh(`note=$(readlink /run/berth/units/moves.service)
      ln -sfn "\${note% *}" /run/berth/units/moves.service; rm /var/lib/berth/stop-signals; systemctl daemon-reload`);
      expect(await lines()).toEqual(["ExecStop=-/usr/local/bin/berth stop-payload --unit %n"]);
      await stops("QUIT");
      await host.sh("systemctl start moves; systemctl daemon-reload");
      expect(await lines()).toEqual(["KillSignal=SIGQUIT"]);
      await stops("QUIT");
    },
  );

  hostTest("owns what it is given with the option U, and a link in it leads nowhere", async () => {
    await host.sh("mkdir -p /srv/mine/sub && ln -s /etc/passwd /srv/mine/link && touch /srv/mine/sub/file");
    await host.ok(["systemctl", "start", "owner"]);
    expect(
      await host.ok(["stat", "--format=%u:%g", "/srv/mine", "/srv/mine/sub/file", "/srv/mine/link", "/etc/passwd"]),
    ).toBe("1000:1000\n1000:1000\n1000:1000\n0:0");
    await host.ok(["systemctl", "stop", "owner"]);
  });

  hostTest("tells systemd itself that it is ready (Notify=true)", async () => {
    await host.ok(["systemctl", "start", "ready"]);
    expect((await show(host, "ready", "StatusText")).StatusText).toBe("serving");
    await host.ok(["systemctl", "stop", "ready"]);
  });

  hostTest("fails with a clear message when the command does not exist", async () => {
    expect((await host.run(["systemctl", "start", "nocommand"])).exitCode).toBe(1);
    expect((await show(host, "nocommand", "ExecMainStatus")).ExecMainStatus).toBe("127");
    expect(await host.journal("nocommand")).toContain("/does/not/exist");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("leaves nothing behind when its main process, or all of its cgroup, is killed", async () => {
    for (const kill of [
      "systemctl kill --kill-whom=main -s KILL web",
      "echo 1 > /sys/fs/cgroup/system.slice/web.service/cgroup.kill",
    ]) {
      await host.ok(["systemctl", "start", "web"]);
      await host.sh(kill);
      await ended(host, "web");
      expect(await leftovers(host)).toBe("");
    }
    await host.ok(["systemctl", "start", "web"]);
    expect(await ask(host, 8080)).toStartWith("hello from web");
    await host.ok(["systemctl", "stop", "web"]);
  });

  hostTest("ends without the OCI runtime where no process is left, and with it where one is", async () => {
    const program = await host.ok(["sh", "-c", `command -v ${OCI_RUNTIME}`]);
    const before = `/usr/local/sbin/${OCI_RUNTIME}`;
    const noting = `case "$*" in *" delete "*) echo deleted >> /run/deleted;; esac`;
    await host.write(before, `#!/bin/sh\n${noting}\nexec ${program} "$@"\n`);
    try {
      // A first process of a PID namespace takes no notice of SIGTERM before it handles that.
      const start = async () => {
        await host.ok(["systemctl", "start", "web"]);
        expect(await ask(host, 8080)).toStartWith("hello from web");
      };
      await host.sh(`chmod +x ${before}; systemctl daemon-reload`);
      await start();
      await host.ok(["systemctl", "stop", "web"]);
      await host.sh("systemctl start web; systemctl kill -s KILL web");
      await ended(host, "web");
      expect(await leftovers(host)).toBe("");
      expect(await host.sh("cat /run/deleted 2>&1 || true")).toContain("No such file");
      // What is left when the main process has ended by its stop signal, systemd kills after ExecStopPost= only.
      await start();
      await host.sh(`setsid sleep 1000 < /dev/null > /dev/null 2>&1 & echo $! > /sys/fs/cgroup/system.slice/web.service/container/cgroup.procs
        systemctl stop web`);
      expect(await host.sh("cat /run/deleted; pgrep -x sleep || true")).toBe("deleted");
      expect(await leftovers(host)).toBe("");
    } finally {
      await host.sh(`rm ${before}; systemctl reset-failed`);
    }
  });

  hostTest(
    "leaves nothing behind when the launcher is killed at any moment of a start",
    async () => {
      // The launcher is the shell that becomes berth; beside it waits who kills it.
      const cat = await host.ok(["systemctl", "cat", "web"]);
      const exec = /^ExecStart=(.*)$/m.exec(cat)?.[1];
      const wrapper = `/bin/sh -c '[ -z "$KILL_AFTER" ] || { sleep "$KILL_AFTER"; kill -KILL $$$$; } & exec "$@"' sh`;
      await host.write(
        "/etc/systemd/system/web.service.d/kill.conf",
        `[Service]\nEnvironmentFile=-/run/kill-after\nExecStart=\nExecStart=${wrapper} ${exec}\n`,
      );
      await host.ok(["systemctl", "daemon-reload"]);
      const started = Date.now();
      await host.ok(["systemctl", "start", "web"]);
      let whole = Date.now() - started;
      await host.ok(["systemctl", "stop", "web"]);
      let killed = 0;
      // What comes too late shows that starts take less time now, on a machine that has other things to do as well.
      for (let round = 0; killed < 20 && round < 60; round++) {
        await host.write("/run/kill-after", `KILL_AFTER=${((whole * (killed + 1)) / 20 / 1000).toFixed(4)}\n`);
        const { exitCode } = await host.run(["systemctl", "start", "web"]);
        if (exitCode === 0) whole *= 0.9;
        else killed++;
        await host.ok(["rm", "/run/kill-after"]);
        await host.run(["systemctl", "stop", "web"]);
        expect(await leftovers(host)).toBe("");
        await host.run(["systemctl", "reset-failed", "web"]);
        await host.ok(["systemctl", "start", "web"]);
        expect(await ask(host, 8080)).toStartWith("hello from web");
        await host.ok(["systemctl", "stop", "web"]);
        expect(await leftovers(host)).toBe("");
        await host.run(["systemctl", "reset-failed", "web"]);
      }
      expect(killed).toBe(20);
    },
    300_000,
  );
});
