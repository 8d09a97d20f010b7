import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, newestHostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

describeOnSuites("both", "the command line on %s", (suite) => {
  let host: Host;
  const berth = (...argv: string[]) => host.run(["berth", ...argv]);

  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootWithImages(suite);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  newestHostTest(suite, "pulls an image, lists it, inspects it, removes it", async () => {
    const pulled = await berth("pull", sample("tools:1"));
    expect(pulled.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(pulled.stderr).toContain("done");
    const id = pulled.stdout.trim();
    expect((await berth("images")).stdout).toContain(id.slice(0, 12));
    const [image] = JSON.parse((await berth("inspect", sample("tools:1"))).stdout);
    expect(image).toMatchObject({ Id: id, Architecture: "amd64", Os: "linux" });
    expect((await berth("rmi", sample("tools:1"))).exitCode).toBe(0);
    expect(await host.ok(["find", "/var/lib/berth/layers", "/var/lib/berth/images/blobs", "-type", "f"])).toBe("");
  });

  hostTest(
    "stops while its image is pulled, also where the stop signal is one that processes take no notice of",
    async () => {
      await host.write(
        "/etc/containers/systemd/early.container",
        `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nStopSignal=SIGWINCH\nExec=sleep 1000\n`,
      );
      await host.ok(["systemctl", "daemon-reload"]);
      await host.sh("tc qdisc add dev lo root tbf rate 2mbit burst 256kb latency 400ms");
      try {
        await host.ok(["systemctl", "start", "--no-block", "early"]);
        await until("the status to tell of the pull", async () =>
          (await host.ok(["systemctl", "show", "--value", "--property=StatusText", "early"])).match(/Pulling .* of /),
        );
        await host.ok(["systemctl", "stop", "early"]);
        expect(await host.ok(["systemctl", "show", "--value", "--property=Result", "early"])).toBe("success");
        expect(await host.ok(["berth", "images", "--quiet"])).toBe("");
      } finally {
        await host.ok(["tc", "qdisc", "del", "dev", "lo", "root"]);
      }
      expect(await leftovers(host)).toBe("");
    },
  );

  hostTest("pulls at start, with its progress in the unit's status, for longer than the start time-out", async () => {
    await host.write(
      "/etc/containers/systemd/slow.container",
      `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nExec=sleep 1000\nStopSignal=KILL\n[Service]\nTimeoutStartSec=3\n`,
    );
    await host.ok(["systemctl", "daemon-reload"]);
    // The link to the registry is made slow: some 5 MB then take well over three seconds.
    await host.ok([
      "tc",
      "qdisc",
      "add",
      "dev",
      "lo",
      "root",
      "tbf",
      "rate",
      "8mbit",
      "burst",
      "256kb",
      "latency",
      "400ms",
    ]);
    try {
      await host.ok(["systemctl", "start", "--no-block", "slow"]);
      await until("the status to tell of the pull", async () =>
        (await host.ok(["systemctl", "show", "--value", "--property=StatusText", "slow"])).match(/Pulling .* of /),
      );
      await until(
        "the start",
        async () => (await host.ok(["systemctl", "show", "--value", "--property=ActiveState", "slow"])) === "active",
        60_000,
      );
    } finally {
      await host.ok(["tc", "qdisc", "del", "dev", "lo", "root"]);
    }
    const [begin, end] = await Promise.all(
      ["InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic"].map((name) =>
        host.ok(["systemctl", "show", "--value", `--property=${name}`, "slow"]),
      ),
    );
    expect(Number(end) - Number(begin)).toBeGreaterThan(3_000_000);
    await host.ok(["systemctl", "stop", "slow"]);
  });

  hostTest("shows somebody at a terminal what a stop and a start wait for", async () => {
    await berth("pull", "--quiet", sample("tools:1"));
    const stubborn = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
    const flags = ["-d", "--network", "none", "--name", "stubborn", "--stop-timeout", "3"];
    await host.ok(["berth", "run", ...flags, sample("tools:1"), "sh", "-c", stubborn]);
    await until("it to listen", async () => (await host.journal("berth-stubborn")).includes("ready"));
    const atTerminal = async (command: string) =>
      (await host.run(["script", "--quiet", "--return", "--echo", "never", "--command", command, "/dev/null"])).stdout;
    const clear = "\r\x1b[K";
    expect(await atTerminal("berth stop stubborn")).toMatch(
      /\r\x1b\[KWaiting for berth-stubborn\.service to end, SIGKILL follows after 3 s\r\x1b\[K/,
    );
    const slow = "[Container]\nImage=@\nNetwork=none\nExec=sleep 1000\n[Service]\nExecStartPre=sleep 2\n";
    await host.write("/etc/containers/systemd/waited.container", slow.replace("@", sample("tools:1")));
    await host.ok(["systemctl", "daemon-reload"]);
    expect(await atTerminal("berth start waited")).toContain(`${clear}Waiting for waited.service to start${clear}`);
    await host.sh("systemctl stop waited; rm /etc/containers/systemd/waited.container; systemctl daemon-reload");
  });

  hostTest("runs in the foreground: output, input, exit code, nothing left", async () => {
    await berth("pull", "--quiet", sample("tools:1"));
    const run = await host.run(["berth", "run", "-i", sample("tools:1"), "sh", "-c", "cat; echo err >&2; exit 42"], {
      input: "from stdin",
    });
    expect(run).toEqual({ stdout: "from stdin", stderr: "err\n", exitCode: 42 });
    const loop = `while read word; do berth run ${sample("tools:1")} cat; echo $word; done`;
    expect((await host.run(["sh", "-c", loop], { input: "a\nb\n" })).stdout).toBe("a\nb\n");
    expect((await berth("run", sample("tools:1"), "/no/such/program")).exitCode).toBe(127);
    expect((await berth("run", sample("tools:1"), "/etc/passwd")).exitCode).toBe(126);
    expect(await berth("run", "-w", "/etc/passwd", sample("tools:1"), "pwd")).toEqual({
      stdout: "",
      stderr: "berth: error: working directory /etc/passwd: /etc/passwd is not a folder\n",
      exitCode: 126,
    });
    await host.sh(
      "mkdir /srv/programs; printf '#!/bin/sh\necho ran\n' > /srv/programs/app; chmod 755 /srv/programs/app",
    );
    await host.sh("printf '#!/nosuch\n' > /srv/programs/lacks; chmod 755 /srv/programs/lacks");
    const mounted = async (options: string, program: string) => {
      const { exitCode, stdout } = await berth("run", "-v", `/srv/programs:/p:${options}`, sample("tools:1"), program);
      return `${exitCode} ${stdout}`;
    };
    expect(await mounted("ro", "/p/app")).toBe("0 ran\n");
    expect(await mounted("noexec", "/p/app")).toBe("126 ");
    expect(await mounted("ro", "/p/lacks")).toBe("127 ");
    expect((await berth("run", "--frob", sample("tools:1"))).exitCode).toBe(125);
    expect(await berth("run", "--sysctl", "net.core.foo=1", sample("tools:1"), "true")).toEqual({
      stdout: "",
      stderr: "berth: error: sysctl net.core.foo: this kernel has no such setting (no /proc/sys/net/core/foo)\n",
      exitCode: 125,
    });
    expect(await leftovers(host)).toBe("");
  });

  hostTest("runs in the background as a unit: ps, logs, inspect, exec, stop", async () => {
    const run = await berth(
      "run",
      "-d",
      "--name",
      "job",
      "--label",
      "a=b",
      "-p",
      "9090:90",
      "--stop-timeout",
      "1",
      sample("tools:1"),
      "sh",
      "-c",
      "echo started; sleep 1000",
    );
    expect(run.stderr).toBe("");
    const id = run.stdout.trim();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(await host.ok(["systemctl", "show", "--value", "--property=InvocationID", "berth-job.service"])).toBe(id);
    const [row] = JSON.parse((await berth("ps", "--format", "json")).stdout);
    expect(row).toMatchObject({ Id: id, Names: ["job"], State: "running", Unit: "berth-job.service" });
    expect((await berth("ps")).stdout).toMatch(/0\.0\.0\.0:9090->90\/tcp +job/);
    expect((await berth("ps", "-q")).stdout).toBe(`${id.slice(0, 12)}\n`);
    await until("the output to be in the journal", async () => (await berth("logs", "job")).stdout === "started\n");
    const [seen] = JSON.parse((await berth("inspect", "job")).stdout);
    expect(seen).toMatchObject({
      Id: id,
      Name: "job",
      State: { Running: true, Pid: row.Pid },
      Config: { Labels: { a: "b" } },
    });
    expect(seen.NetworkSettings.IPAddress).toMatch(/^10\.87\./);
    expect((await berth("exec", "job", "hostname")).stdout.trim()).toBe(id.slice(0, 12));
    expect((await berth("run", "--name", "job", sample("tools:1"), "true")).stderr).toContain("the name job is in use");
    expect((await berth("ps", "--format", "{{.ID}} {{.Names}} {{.Ports}}", "--filter", "name=^job$")).stdout).toBe(
      `${id.slice(0, 12)} job 0.0.0.0:9090->90/tcp\n`,
    );
    expect((await berth("ps", "--format", "table {{.Names}}\\t{{.State}}")).stdout).toBe(
      "NAMES  STATE\njob    running\n",
    );
    expect((await berth("ps", "-q", "--filter", "label=a=c")).stdout).toBe("");
    const template =
      '{{.State.Pid}} {{(index (index .NetworkSettings.Ports "90/tcp") 0).HostPort}} {{.Config.Labels.a}}';
    expect((await berth("inspect", "--format", template, "job")).stdout).toBe(`${row.Pid} 9090 b\n`);
    expect((await berth("inspect", "-f", "{{.Stat.Pid}}", "job")).stderr).toContain('(did you mean "State"?)');
    expect((await berth("rmi", sample("tools:1"))).exitCode).toBe(2);
    expect(await berth("image", "prune", "--all", "--force")).toEqual({ stdout: "", stderr: "", exitCode: 0 });
    expect((await berth("image", "exists", sample("tools:1"))).exitCode).toBe(0);
    // The shell, as the first process, takes no notice of SIGTERM.
    const stopped = await berth("stop", "job");
    const killed = "berth: warning: berth-job.service did not end within its stop timeout: killed\n";
    expect(stopped).toEqual({ stdout: "job\n", stderr: killed, exitCode: 0 });
    expect((await berth("ps", "-aq")).stdout).toBe("");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("clears away what a killed foreground run has left", async () => {
    const child = Bun.spawn(
      host.argv(["berth", "run", "--name", "gone", "-p", "9091:90", sample("tools:1"), "sleep", "1000"]),
      { stdout: "ignore", stderr: "ignore" },
    );
    const Pid = await until("the container to run", async () => {
      const rows: { Names: string[]; Pid: number }[] = JSON.parse((await berth("ps", "--format", "json")).stdout);
      return rows.find(({ Names }) => Names.includes("gone"))?.Pid;
    });
    const runner = await host.sh(`ps -o ppid= -p ${Pid}`);
    await host.ok(["kill", "-KILL", runner.trim(), String(Pid)]);
    await child.exited;
    // What is killed is a process until systemd, its new parent, has waited for it.
    await host.sh(`while [ -e /proc/${Pid} ]; do sleep 0.02; done`);
    expect(await leftovers(host)).not.toBe("");
    await host.ok(["berth", "cleanup", "--stale"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("starts and stops by name, and says what went wrong", async () => {
    await host.write(
      "/etc/containers/systemd/named.container",
      `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nStopSignal=KILL\nExec=sleep 1000\n`,
    );
    await host.write("/etc/containers/systemd/wrong.container", "[Container]\nImge=x\n");
    await host.ok(["systemctl", "daemon-reload"]);
    expect((await berth("start", "named")).exitCode).toBe(0);
    expect((await berth("ps")).stdout).toContain("systemd-named");
    expect((await berth("stop", "systemd-named")).exitCode).toBe(0);
    expect((await berth("ps", "-a", "--format", "json")).stdout).toContain('"Unit": "named.service"');
    const wrong = await berth("start", "wrong");
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain("wrong.service");
    expect((await berth("stop", "no-such-thing")).exitCode).toBe(125);
    expect((await berth("logs", "no-such-thing")).stderr).toContain("the journal has nothing of no-such-thing.service");
    expect(await host.journal("wrong")).toContain(
      'wrong.container:2:1: error: unknown key "Imge" in [Container] (did you mean "Image"?)',
    );
  });

  hostTest("starts and stops what can be, whatever else is on the command line", async () => {
    const idle = `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nStopSignal=KILL\nExec=sleep 1000\n`;
    await host.write("/etc/containers/systemd/one.container", idle);
    await host.write("/etc/containers/systemd/two.container", idle);
    await host.ok(["systemctl", "daemon-reload"]);
    const started = await berth("start", "one", "wrong", "no-such-thing", "two");
    expect(started.exitCode).toBe(1);
    expect(started.stderr).toContain('unknown key "Imge" in [Container]');
    expect(started.stderr).toContain("no-such-thing.service: there is no such unit");
    expect(await host.ok(["systemctl", "is-active", "one", "two"])).toBe("active\nactive");
    const stopped = await berth("stop", "one", "..", "two");
    expect(stopped).toEqual({
      stdout: "one\ntwo\n",
      stderr: "berth: error: no container and no unit ..\n",
      exitCode: 125,
    });
    expect(await leftovers(host)).toBe("");
  });

  newestHostTest(suite, "notes who asks for a start of units only, by no name that leads elsewhere", async () => {
    await host.write("/etc/victim.service", "mine");
    const run = (name: string) => host.run(["berth", "start", name], { loginuid: 1000 });
    expect((await run("../../../etc/victim.service")).exitCode).toBe(1);
    expect(await host.ok(["cat", "/etc/victim.service"])).toBe("mine");
  });

  hostTest("run -d says why a container did not start, and leaves nothing", async () => {
    const missing = await berth("run", "-d", "--name", "lost", sample("tools:1").replace("tools", "no-such-image"));
    expect(missing.exitCode).toBe(125);
    expect(missing.stderr).toContain("manifest unknown");
    const lost = await berth("run", "-d", "--name", "lost", sample("tools:1"), "/no/such/program");
    expect(lost.stderr).toContain("/no/such/program");
    expect(lost.stderr).toContain("berth-lost.service: failed");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("logs ends with the container, and finds it afterwards by all its names", async () => {
    const script = "echo out; sleep 0.5; head -c 100000 /dev/zero | tr '\\0' x; echo END; echo err >&2; exit 3";
    const said = `out\n${"x".repeat(100_000)}END\nerr\n`;
    const run = ["run", "-dq", "--network=none", "--name=brief", sample("tools:1"), "sh", "-c", script];
    const id = (await berth(...run)).stdout.trim();
    expect(await berth("logs", "--follow", "brief")).toEqual({ exitCode: 0, stdout: said, stderr: "" });
    await until("the container to have ended", async () => (await berth("ps", "-aq")).stdout === "");
    for (const name of ["brief", "berth-brief", "berth-brief.service", id, id.slice(0, 12)])
      expect([name, (await berth("logs", name)).stdout === said]).toEqual([name, true]);
    expect((await berth("logs", "--tail=2", "brief")).stdout).toBe(said.slice(4));
    expect((await berth("logs", "--since", "10m", "-n1", "-t", "brief")).stdout).toMatch(/^20\S+\.\d{6}Z err\n$/);
    expect((await berth("logs", "--since", "2001-01-01T00:00:00Z", "--until", "1h", "brief")).stdout).toBe("");
    expect(await berth("logs", "--since", "whenever", "brief")).toMatchObject({ exitCode: 125, stdout: "" });
    expect(await berth("logs", "--follow", "no-such-thing")).toMatchObject({ exitCode: 125, stdout: "" });
  });

  hostTest("logs finds a file's container by its name after its end", async () => {
    const file = `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nContainerName=called\nExec=echo it\n`;
    await host.write("/etc/containers/systemd/file.container", `${file}[Service]\nType=oneshot\n`);
    await host.write("/etc/containers/systemd/plain.container", file.replace("ContainerName=called\n", ""));
    await host.ok(["systemctl", "daemon-reload"]);
    await host.ok(["systemctl", "start", "file", "plain"]);
    await until("their lines", async () => (await berth("logs", "plain")).stdout === "it\n");
    for (const name of ["called", "file", "systemd-plain"]) expect((await berth("logs", name)).stdout).toBe("it\n");
    await host.sh("rm /etc/containers/systemd/{file,plain}.container; systemctl daemon-reload");
  });

  hostTest("run -dit keeps a shell waiting for input, without a terminal", async () => {
    const shell = await berth(
      "run",
      "-dit",
      "--network=none",
      "--stop-timeout=1",
      "--name=shell",
      sample("tools:1"),
      "sh",
    );
    expect(shell).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("--tty is left out") });
    const seen = "tty; test -p /proc/1/fd/0 && echo waits";
    expect((await berth("exec", "-i", "shell", "sh", "-c", seen)).stdout).toBe("not a tty\nwaits\n");
    await host.ok(["berth", "stop", "shell"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("run -d passes its words on as they are, and takes a name over only when told to", async () => {
    await host.ok(["berth", "pull", "--quiet", sample("tools:1")]);
    const words = ["sh", "-c", `echo \${HOSTNAME} $HOME $$ 50% %n; sleep 1000`];
    const run = (...flags: string[]) =>
      berth(
        "run",
        "-d",
        "--network=none",
        "--stop-signal=KILL",
        "--name=same",
        ...flags,
        sample("tools:1"),
        "sleep",
        "1000",
      );
    const first = await berth("run", "-d", "--network", "none", "--name", "words", sample("tools:1"), ...words);
    const id = first.stdout.trim();
    const said = `${id.slice(0, 12)} /root 1 50% %n\n`;
    await until("the output to be in the journal", async () => (await berth("logs", "words")).stdout === said);
    await host.ok(["systemctl", "kill", "--signal=KILL", "berth-words.service"]);
    expect((await run()).exitCode).toBe(0);
    expect((await run()).stderr).toContain("the name same is in use");
    const replaced = await run("--replace");
    expect(replaced).toMatchObject({ stderr: "", exitCode: 0 });
    const [row] = JSON.parse((await berth("ps", "--format", "json")).stdout);
    expect(row).toMatchObject({ Id: replaced.stdout.trim(), Names: ["same"] });
    expect((await berth("stop", "same")).exitCode).toBe(0);
    await until("nothing to be left", async () => (await leftovers(host)) === "");
  });
});
