import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property } from "./containers.ts";
import { type Host, type Result, type RunOptions, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { sample } from "./registry.ts";

const UNIT = `[Container]
Image=${sample("app:1")}
Network=none
Environment=COLOUR=blue
WorkingDir=/home/app
[Socket]
ListenStream=127.0.0.1:8081
FileDescriptorName=web
`;

describeOnSuites("both", "berth exec on %s", (suite) => {
  let host: Host;
  const exec = (args: readonly string[], options?: RunOptions): Promise<Result> =>
    host.run(["berth", "exec", ...args], options);

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["app:1"]);
    await install(host, {
      "app.container": UNIT,
      "ordinary.container": UNIT.replace("8081", "8082").replace("Network", "User=app\nNetwork"),
    });
    await host.ok(["systemctl", "start", "app", "ordinary"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("ends with the command's exit code, and 128 and the number of the signal that killed it", async () => {
    for (const code of [0, 1, 42, 255]) {
      expect(await exec(["app", "sh", "-c", `exit ${code}`])).toEqual({ stdout: "", stderr: "", exitCode: code });
    }
    expect((await exec(["app", "sh", "-c", "kill -KILL $$"])).exitCode).toBe(137);
  });

  hostTest("leaves the host's /dev/null to root", async () => {
    const words = ["berth exec ordinary sh -c 'id -u; echo gone >&2'", "berth exec app true > /dev/null"];
    expect(await host.ok(["sh", "-c", `${words.join(" 2> /dev/null; ")}`])).not.toBe("0");
    expect(await host.ok(["stat", "--format=%u:%g:%a", "/dev/null"])).toBe("0:0:666");
  });

  hostTest("enters a container that has a limit without an end", async () => {
    const run = ["berth", "run", "-d", "--rm", "--name", "unlimited", "--network", "none", "--ulimit", "core=-1"];
    await host.ok([...run, sample("app:1"), "sleep", "1000"]);
    expect(await exec(["unlimited", "sh", "-c", "ulimit -c"])).toEqual({
      stdout: "unlimited\n",
      stderr: "",
      exitCode: 0,
    });
    await host.ok(["systemctl", "kill", "--signal=KILL", "berth-unlimited"]);
  });

  hostTest("ends with 125, 126 or 127 where no command ran, and says why", async () => {
    const absent = await exec(["no-such-container", "true"]);
    expect(absent).toMatchObject({ exitCode: 125, stdout: "" });
    expect(absent.stderr).toContain("no container no-such-container is running");
    const missing = await exec(["app", "no-such-command"]);
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr).toContain("no-such-command");
    const folder = await exec(["app", "/etc"]);
    expect(folder.exitCode).toBe(126);
    expect(folder.stderr).toContain("/etc");
    expect((await exec(["app", "/etc/issue"])).exitCode).toBe(126);
    expect((await exec(["--workdir", "/etc/issue", "app", "true"])).exitCode).toBe(126);
    expect((await exec(["--workdir", "/nosuch", "app", "true"])).exitCode).toBe(127);
    expect((await exec(["--user", "nobody-of-that-name", "app", "true"])).exitCode).toBe(125);
  });

  hostTest("passes standard input on to its end, whatever is in it", async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 256);
    const { stdout } = await exec(["-i", "app", "sha256sum"], { input: bytes });
    expect(stdout).toStartWith(new Bun.CryptoHasher("sha256").update(bytes).digest("hex"));
    expect(await exec(["-i", "app", "cat"], { input: "a line\nand no end" })).toMatchObject({
      stdout: "a line\nand no end",
    });
  });

  hostTest("takes no standard input without -i", async () => {
    const loop = "while read word; do berth exec app cat; echo $word; done";
    expect((await host.run(["sh", "-c", loop], { input: "a\nb\nc\n" })).stdout).toBe("a\nb\nc\n");
  });

  hostTest("keeps standard output and error apart", async () => {
    const result = await exec(["app", "sh", "-c", "echo out; echo err >&2"]);
    expect(result).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 0 });
  });

  hostTest("gives a terminal where it is asked for", async () => {
    const script = ["script", "--quiet", "--return", "--echo", "never", "--command"];
    const command = "berth exec -it app sh -c 'tty && test -t 0 -a -t 1 -a -t 2 && stty size && echo $TERM; exit 7'";
    const result = await host.run([...script, `stty rows 33 cols 99; ${command}`, "/dev/null"]);
    // script(1) shows the end of its own input as ^@.
    expect(result.stdout.replaceAll("\r", "").replace(/^\^@/, "")).toBe("/dev/pts/0\n33 99\nxterm\n");
    expect(result.exitCode).toBe(7);
    const { stdout } = await exec(["app", "tty"]);
    expect(stdout).toBe("not a tty\n");
  });

  hostTest("tells the command of a terminal that changes its size, as a run in the foreground does", async () => {
    // The shell looks for the signal between two commands.
    const trap = "trap 'case \\$(stty size) in 33\\ 77) echo resized; exit 5; esac' WINCH";
    const inside = `"${trap}; echo ready; while :; do sleep 0.05; done"`;
    const script = ["timeout", "60", "script", "--flush", "--quiet", "--return", "--echo", "never", "--command"];
    const run = `run -it --network none --entrypoint sh ${sample("app:1")} -c`;
    for (const command of ["exec -it app sh -c", run]) {
      const words = `tty > /tmp/terminal; stty rows 20 cols 50; berth ${command} ${inside}`;
      const running = host.run([...script, words, "/tmp/shown"]);
      await until(
        "the command to run",
        async () => (await host.run(["grep", "-aq", "^[^ ]*ready", "/tmp/shown"])).exitCode === 0,
      );
      await host.sh("stty -F $(cat /tmp/terminal) rows 33 cols 77");
      const { stdout, exitCode } = await running;
      // In front of it, script(1) may show the end of its own input as ^@.
      expect(stdout.trim()).toEndWith("resized");
      expect(exitCode).toBe(5);
      await host.sh("rm /tmp/shown /tmp/terminal");
    }
  });

  hostTest("runs where and as whom the payload does, but with no part in its sockets", async () => {
    const { stdout } = await exec([
      "app",
      "sh",
      "-c",
      "id -u; pwd; echo $COLOUR $HOME; env | grep -c LISTEN_; ls /proc/self/fd",
    ]);
    expect(stdout.split("\n")).toEqual(["0", "/home/app", "blue /root", "0", "0", "1", "2", "3", ""]);
    expect((await exec(["ordinary", "sh", "-c", "id -u; id -g; grep CapEff /proc/self/status"])).stdout).toBe(
      "1000\n1000\nCapEff:\t0000000000000000\n",
    );
  });

  hostTest("takes another user, folder and environment", async () => {
    const script = "id -u; id -g; pwd; echo $COLOUR $EXTRA $PASSED $HOME; grep CapEff /proc/self/status";
    const flags = ["--user", "app", "--workdir", "/etc", "--env", "COLOUR=red", "-e", "EXTRA=a b", "-e", "PASSED"];
    const { stdout } = await exec([...flags, "app", "sh", "-c", script], { env: { PASSED: "on" } });
    expect(stdout).toBe("1000\n1000\n/etc\nred a b on /home/app\nCapEff:\t0000000000000000\n");
    expect((await exec(["--user", "0:44", "ordinary", "id", "-g"])).stdout).toBe("44\n");
  });

  hostTest("finds the container by name, service and ID", async () => {
    const id = await property(host, "app.service", "InvocationID");
    for (const word of ["systemd-app", "app", "app.service", id, id.slice(0, 8)]) {
      expect(await exec([word, "echo", "here"])).toMatchObject({ stdout: "here\n", exitCode: 0 });
    }
  });

  hostTest("joins the container's namespaces and cgroup, and goes with it", async () => {
    const pid = await property(host, "app.service", "MainPID");
    for (const namespace of ["pid", "mnt", "net", "ipc", "uts", "cgroup"]) {
      const { stdout } = await exec(["app", "readlink", `/proc/self/ns/${namespace}`]);
      expect(stdout.trim()).toBe(await host.ok(["readlink", `/proc/${pid}/ns/${namespace}`]));
    }
    const running = exec(["app", "sleep", "1000"]);
    await host.sh("until pgrep --exact sleep; do sleep 0.05; done");
    expect(await host.sh("cat /proc/$(pgrep --exact sleep)/cgroup")).toContain("/app.service/container");
    await host.ok(["systemctl", "restart", "app"]);
    expect((await running).exitCode).toBe(137);
  });

  hostTest("works in a user's own containers", async () => {
    const alice = { user: "alice" };
    await host.ok(["berth", "pull", "--quiet", sample("app:1")], alice);
    await host.write("/home/alice/.config/containers/systemd/mine.container", UNIT.replace("8081", "8083"));
    await host.ok(["systemctl", "--user", "daemon-reload"], alice);
    await host.ok(["systemctl", "--user", "start", "mine"], alice);
    const run = (args: readonly string[], input?: string) =>
      exec(args, { ...alice, ...(input === undefined ? {} : { input }) });
    expect(await run(["mine", "sh", "-c", "id -u; pwd; exit 3"])).toEqual({
      stdout: "0\n/home/app\n",
      stderr: "",
      exitCode: 3,
    });
    expect((await run(["--user", "app", "mine", "id", "-u"])).stdout).toBe("1000\n");
    expect((await run(["-i", "mine", "cat"], "through")).stdout).toBe("through");
    expect((await run(["mine", "no-such-command"])).exitCode).toBe(127);
    expect((await run(["app", "true"])).exitCode).toBe(125);
    await host.ok(["systemctl", "--user", "stop", "mine.socket", "mine.service"], alice);
  });
});
