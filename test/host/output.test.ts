import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const UNITS = "/etc/containers/systemd";
const PIPES = "/run/berth/log";

/** A payload that says something by each way and then runs the rest. */
function speaking(rest: string): string {
  return `Exec=sh -c 'echo plain; echo to-stdout > /dev/stdout; echo to-stderr > /dev/stderr; ${rest}'\n`;
}

/** A payload that stops when it is told to. */
const STAY = 'trap "exit 0" TERM; while :; do sleep 0.05; done';

/** Started again, four times in all. */
const LIMITED =
  "[Service]\nRestart=on-failure\nRestartSec=10ms\n[Unit]\nStartLimitBurst=4\nStartLimitIntervalSec=1min\n";

/** nginx's configuration in its image, with an access log by the link that the image has for it. */
const NGINX = `user www-data;
worker_processes 1;
daemon off;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log notice;
events { }
http { access_log /var/log/nginx/access.log; server { listen 8080; root /usr/share/nginx/html; } }
`;

describeOnSuites("both", "what a payload writes to /dev/stdout by name on %s", (suite) => {
  let host: Host;
  const alice = { user: "alice" } as const;

  /** What `journalctl -u` and `berth logs` show of a service, without systemd's own lines. */
  async function shown(unit: string): Promise<{ journal: string[]; logs: string[] }> {
    const journal = await host.ok(["journalctl", "--quiet", "--output=cat", `--unit=${unit}`, "_TRANSPORT=stdout"]);
    return { journal: journal.split("\n"), logs: (await host.ok(["berth", "logs", unit])).split("\n") };
  }

  /** Waits until both show these lines. */
  async function showsAll(unit: string, ...lines: string[]): Promise<void> {
    await until(`${lines.join(", ")} of ${unit}`, async () => {
      const { exitCode } = await host.run(["berth", "logs", "--tail", "1", unit]);
      if (exitCode !== 0) return false;
      const { journal, logs } = await shown(unit);
      return lines.every((line) => journal.includes(line) && logs.includes(line));
    });
  }

  /** Waits until nothing is there of the pipes and of who reads them, nor of a container. */
  async function gone(): Promise<void> {
    await until("the pipes and their readers to go", async () => {
      const pipes = await host.sh(`[ ! -d ${PIPES} ] || find ${PIPES} -mindepth 1`);
      return pipes === "" && (await activeUnits()) === "";
    });
    expect(await leftovers(host)).toBe("");
  }

  async function activeUnits(): Promise<string> {
    const units = ["berth-log@*.socket", "berth-log@*.service"];
    return host.ok(["systemctl", "list-units", "--state=active,failed", "--plain", "--no-legend", ...units]);
  }

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1", "nginx:1"]);
    const tools = `[Container]\nImage=${sample("tools:1")}\nNetwork=none\n`;
    const files: Record<string, string> = {
      root: `${tools}${speaking(STAY)}`,
      other: `${tools}User=1000\nReadOnly=true\n${speaking(STAY)}`,
      "many@": `${tools}${speaking(STAY)}`,
      "odd\\x2dname": `${tools}${speaking(STAY)}`,
      "last-words": `${tools}Exec=sh -c 'for i in $$(seq 1 200); do echo line $$i > /dev/stdout; done; exit 3'\n`,
      "at-stop": `${tools}Exec=sh -c 'trap "echo farewell > /dev/stderr; exit 0" TERM; echo up; while :; do sleep 0.05; done'\n`,
      again: `${tools}${speaking("exit 1")}${LIMITED}`,
      once: `${tools}User=1000\n${speaking("exit 0")}[Service]\nType=oneshot\n`,
      quiet: `${tools}Exec=sh -c 'echo to fd 1; echo to fd 2 >&2; ${STAY}'\n`,
      own: `${tools}Volume=/srv/own:/dev/stdout\n${speaking(STAY)}`,
      nginx: `[Container]\nImage=${sample("nginx:1")}\nNetwork=host\nVolume=/srv/nginx.conf:/etc/nginx/nginx.conf\n`,
    };
    for (const [name, text] of Object.entries(files)) await host.write(`${UNITS}/${name}.container`, text);
    await host.write("/srv/nginx.conf", NGINX);
    await host.write("/srv/own", "");
    await host.write("/home/alice/.config/containers/systemd/mine.container", `${tools}${speaking(STAY)}`);
    await host.write(
      "/home/alice/.config/containers/systemd/mine-other.container",
      `${tools}User=1000\n${speaking(STAY)}`,
    );
    await host.ok(["chown", "-R", "alice:alice", "/home/alice"]);
    await host.ok(["berth", "pull", "--quiet", sample("tools:1")], alice);
    await host.ok(["systemctl", "--user", "daemon-reload"], alice);
    await host.ok(["systemctl", "daemon-reload"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("is in the journal with the rest, whoever the payload is", async () => {
    for (const unit of ["root", "other", "many@1", "odd\\x2dname"]) {
      await host.ok(["systemctl", "start", unit]);
      await showsAll(unit, "plain", "to-stdout", "to-stderr");
      await host.ok(["systemctl", "stop", unit]);
      await gone();
    }
  });

  hostTest("is in the journal of a transient service", async () => {
    await host.ok([
      ...["berth", "run", "-d", "--name", "job", "--network", "none", sample("tools:1")],
      ...["sh", "-c", `echo to-stdout > /dev/stdout; ${STAY}`],
    ]);
    await showsAll("berth-job", "to-stdout");
    await host.ok(["berth", "stop", "job"]);
    await gone();
  });

  hostTest("is not lost when the payload ends right after, and follows it over restarts", async () => {
    for (let round = 0; round < 5; round++) await host.run(["systemctl", "start", "--wait", "last-words"]);
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`);
    await showsAll("last-words", ...lines);
    await until("every line of five runs", async () => {
      const { journal } = await shown("last-words");
      return lines.every((line) => journal.filter((other) => other === line).length === 5);
    });
    await host.ok(["systemctl", "start", "at-stop"]);
    await showsAll("at-stop", "up");
    await host.ok(["systemctl", "stop", "at-stop"]);
    await showsAll("at-stop", "farewell");
    await host.run(["systemctl", "start", "again"]);
    await until("four runs", async () => {
      const { journal } = await shown("again");
      return ["to-stdout", "to-stderr"].every((line) => journal.filter((other) => other === line).length === 4);
    });
    await host.run(["systemctl", "reset-failed"]);
    await gone();
  });

  hostTest("comes through runc's own pipes in a oneshot", async () => {
    await host.ok(["systemctl", "start", "once"]);
    await showsAll("once", "plain", "to-stdout", "to-stderr");
    await gone();
  });

  hostTest("goes where the user has mounted something else", async () => {
    await host.ok(["systemctl", "start", "own"]);
    await showsAll("own", "to-stderr");
    expect(await host.ok(["cat", "/srv/own"])).toBe("to-stdout");
    await host.ok(["systemctl", "stop", "own"]);
    await gone();
  });

  hostTest("is an nginx's access log", async () => {
    await host.ok(["systemctl", "start", "nginx"]);
    await until("an answer", async () => (await host.run(["curl", "-sf", "http://127.0.0.1:8080/"])).exitCode === 0);
    await until("the line", async () => {
      const { journal, logs } = await shown("nginx");
      return [journal, logs].every((lines) => lines.some((line) => / "GET \/ HTTP\/1\.1" 200 /.test(line)));
    });
    expect((await shown("nginx")).journal.join("\n")).toContain("start worker process");
    await host.ok(["systemctl", "stop", "nginx"]);
    await gone();
  });

  hostTest("costs no process until there is something", async () => {
    const before = await host.ok(["ps", "-eo", "comm="]);
    await host.ok(["systemctl", "start", "quiet"]);
    await showsAll("quiet", "to fd 1", "to fd 2");
    expect(await activeUnits()).toMatch(/^berth-log@quiet\.socket +loaded active listening [^\n]*$/);
    const count = (text: string) => text.split("\n").filter((name) => name === "cat").length;
    expect(count(await host.ok(["ps", "-eo", "comm="]))).toBe(count(before));
    await host.ok(["systemctl", "stop", "quiet"]);
    await gone();
    expect(await host.journal("berth-log@quiet.socket")).not.toMatch(/Listening|Closed/);
  });

  hostTest("stays a link where the pipe's unit is masked", async () => {
    await host.ok(["systemctl", "mask", "--runtime", "berth-log@quiet.socket"]);
    await host.ok(["systemctl", "start", "quiet"]);
    expect(await host.ok(["berth", "exec", "quiet", "readlink", "/dev/stdout"])).toBe("/proc/self/fd/1");
    await host.ok(["systemctl", "stop", "quiet"]);
    await host.ok(["systemctl", "unmask", "--runtime", "berth-log@quiet.socket"]);
  });

  hostTest("is in an ordinary user's berth logs", async () => {
    const byName = ["to-stdout", "to-stderr"];
    // The journal keeps from alice what came by the descriptors of another uid, subordinate to hers as it is.
    for (const [unit, wanted] of [["mine", ["plain", ...byName]] as const, ["mine-other", byName] as const]) {
      await host.ok(["systemctl", "--user", "start", unit], alice);
      await until("the lines", async () => {
        const lines = (await host.run(["berth", "logs", unit], alice)).stdout.split("\n");
        return wanted.every((line) => lines.includes(line));
      });
      await host.ok(["systemctl", "--user", "stop", unit], alice);
    }
    await until("the pipe to go", async () => {
      return (await host.ok(["find", "/run/user/1000/berth/log", "-mindepth", "1"])) === "";
    });
  });
});
