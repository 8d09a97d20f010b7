import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property, reaches } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

interface Site {
  readonly image: "httpd:1" | "nginx:1";
  readonly container?: readonly string[];
  readonly listen: number;
  /** Port that the payload listens on, 80 if left out. */
  readonly port?: number;
  readonly idle?: string;
}

/** A `.container` file that is reached through a proxy alone: no port is published. */
function site({ image, container = [], listen, port = 80, idle }: Site): string {
  return [
    "[Container]",
    `Image=${sample(image)}`,
    ...container,
    "[Socket]",
    `ListenStream=127.0.0.1:${listen}`,
    "[Berth]",
    `SocketProxy=${port}`,
    ...(idle === undefined ? [] : [`StopWhenIdle=${idle}`]),
    "",
  ].join("\n");
}

/**
 * The image's own configuration opens /dev/stderr by name, which nothing can do where that is a socket of the
 * journal's.
 */
const NGINX_CONF = `user www-data;
worker_processes 1;
daemon off;
pid /run/nginx.pid;
error_log stderr;
events { }
http { access_log off; server { listen 80; root /usr/share/nginx/html; } }
`;
const NGINX = ["Volume=/etc/site.conf:/etc/nginx/nginx.conf:ro"];

const NETWORKS = [
  { network: "a bridge", container: [], port: 80 },
  { network: "no network", container: ["Network=none"], port: 80 },
  { network: "the host's network", container: ["Network=host", "Environment=PORT=8180"], port: 8180 },
] as const;

describeOnSuites("both", "a socket proxy on %s", (suite) => {
  let host: Host;
  const get = (port: number) => host.ok(["curl", "-sS", "--max-time", "30", `http://127.0.0.1:${port}/`]);
  const kill = (unit: string, signal: string) =>
    host.sh(`kill -${signal} $(systemctl show --property=MainPID --value ${unit})`);

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["httpd:1", "nginx:1"]);
    await host.write("/etc/site.conf", NGINX_CONF);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("waits for an image that needs 5 s before it listens, stops it when idle, and starts it again", async () => {
    const container = ["Environment=DELAY=5"];
    await install(host, { "slow.container": site({ image: "httpd:1", container, listen: 8081, idle: "1s" }) });
    await host.ok(["systemctl", "start", "slow.socket"]);
    expect(await property(host, "slow.service", "ActiveState")).toBe("inactive");
    for (let round = 0; round < 2; round++) {
      expect(await get(8081)).toBe("hello from httpd");
      expect(await property(host, "slow.service", "ActiveState")).toBe("active");
      expect(await property(host, "slow-proxy.service", "ActiveState")).toBe("active");
      await reaches(host, "slow-proxy.service", "inactive");
      await reaches(host, "slow.service", "inactive");
      expect(await property(host, "slow.socket", "ActiveState")).toBe("active");
      expect(await leftovers(host)).toBe("");
    }
    expect(await property(host, "slow.service", "Result")).toBe("success");
    expect(await property(host, "slow-proxy.service", "Result")).toBe("success");
    await host.ok(["systemctl", "stop", "slow.socket"]);
  });

  for (const { network, container, port } of NETWORKS) {
    hostTest(`answers all of 40 first connections on ${network}`, async () => {
      const file = site({ image: "httpd:1", container: [...container, "Environment=DELAY=0.5"], listen: 8082, port });
      await install(host, { "first.container": file });
      await host.ok(["systemctl", "start", "first.socket"]);
      const answers = await Promise.all(Array.from({ length: 40 }, () => get(8082)));
      expect(new Set(answers)).toEqual(new Set(["hello from httpd"]));
      await host.ok(["systemctl", "stop", "first.socket", "first-proxy.service", "first.service"]);
      expect(await leftovers(host)).toBe("");
    });
  }

  hostTest(
    "keeps an image with its own stop signal and user, nginx, working from one idle time to the next",
    async () => {
      await install(host, { "web.container": site({ image: "nginx:1", container: NGINX, listen: 8083, idle: "1s" }) });
      await host.ok(["systemctl", "start", "web.socket"]);
      for (let round = 0; round < 3; round++) {
        expect(await get(8083)).toBe("hello from nginx");
        await reaches(host, "web.service", "inactive");
      }
      expect(await property(host, "web.service", "Result")).toBe("success");
      await host.ok(["systemctl", "stop", "web.socket"]);
      expect(await leftovers(host)).toBe("");
    },
  );

  hostTest("goes with a payload that dies; the next connection starts both", async () => {
    await install(host, { "crash.container": site({ image: "nginx:1", container: NGINX, listen: 8084 }) });
    await host.ok(["systemctl", "start", "crash.socket"]);
    for (const signal of ["KILL", "QUIT"]) {
      expect(await get(8084)).toBe("hello from nginx");
      await kill("crash.service", signal);
      await reaches(host, "crash-proxy.service", "inactive");
      await reaches(host, "crash.service", signal === "KILL" ? "failed" : "inactive");
      expect(await leftovers(host)).toBe("");
    }
    expect(await get(8084)).toBe("hello from nginx");
    await host.ok(["systemctl", "stop", "crash.socket", "crash-proxy.service", "crash.service"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("serves again after it was killed itself, by the same payload", async () => {
    await install(host, { "proxy.container": site({ image: "nginx:1", container: NGINX, listen: 8085 }) });
    await host.ok(["systemctl", "start", "proxy.socket"]);
    expect(await get(8085)).toBe("hello from nginx");
    const before = await property(host, "proxy.service", "MainPID");
    await kill("proxy-proxy.service", "KILL");
    await reaches(host, "proxy-proxy.service", "failed");
    expect(await get(8085)).toBe("hello from nginx");
    expect(await property(host, "proxy.service", "MainPID")).toBe(before);
    await host.ok(["systemctl", "stop", "proxy.socket", "proxy-proxy.service", "proxy.service"]);
  });

  hostTest("follows its payload through a restart while connections come in", async () => {
    const container = ["Environment=DELAY=0.3"];
    await install(host, { "again.container": site({ image: "httpd:1", container, listen: 8086 }) });
    await host.ok(["systemctl", "start", "again.socket"]);
    expect(await get(8086)).toBe("hello from httpd");
    await host.ok(["systemctl", "restart", "again.service"]);
    expect(await get(8086)).toBe("hello from httpd");
    await host.ok(["systemctl", "stop", "again.socket", "again-proxy.service", "again.service"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("loses no connection that comes just when it stops for being idle", async () => {
    const unlimited = "[Unit]\nStartLimitIntervalSec=0\n";
    await install(host, {
      "race.container": unlimited + site({ image: "httpd:1", listen: 8089, idle: "200ms" }),
      "race-proxy.service.d/limit.conf": unlimited,
    });
    await host.ok(["systemctl", "start", "race.socket"]);
    const answers = await host.sh(`
      for n in $(seq 40); do
        curl -sS --max-time 30 http://127.0.0.1:8089/
        sleep 0.$((150 + n * 5))
      done`);
    expect(answers).toBe(Array(40).fill("hello from httpd").join("\n"));
    const starts = await host.journal("race.service");
    expect(starts.match(/^Started race/gm)?.length).toBeGreaterThan(5);
    await host.ok(["systemctl", "stop", "race.socket", "race-proxy.service", "race.service"]);
    expect(await leftovers(host)).toBe("");
  });

  for (const [network, port, listen] of [
    ["none", 80, 8091],
    ["host", 8192, 8092],
  ] as const) {
    hostTest(`works in a user's scope, with network ${network}`, async () => {
      const alice = { user: "alice" };
      await host.ok(["berth", "pull", "--quiet", sample("httpd:1")], alice);
      const container = [`Network=${network}`, `Environment=PORT=${port}`, "Environment=DELAY=0.3"];
      const file = site({ image: "httpd:1", container, listen, port, idle: "1s" });
      await host.write(`/home/alice/.config/containers/systemd/mine-${network}.container`, file);
      await host.ok(["systemctl", "--user", "daemon-reload"], alice);
      await host.ok(["systemctl", "--user", "start", `mine-${network}.socket`], alice);
      for (let round = 0; round < 2; round++) {
        expect(await get(listen)).toBe("hello from httpd");
        await host.sh(`while systemctl --user is-active --quiet mine-${network}.service; do sleep 0.05; done`, alice);
      }
      await host.ok(["systemctl", "--user", "stop", `mine-${network}.socket`], alice);
    });
  }

  hostTest("fails with the payload that ends before it listens, and says so", async () => {
    const file = site({ image: "httpd:1", container: ["Entrypoint=/bin/false"], listen: 8087 });
    await install(host, { "never.container": file });
    await host.ok(["systemctl", "start", "never.socket"]);
    const { exitCode } = await host.run(["curl", "-sS", "--max-time", "30", "http://127.0.0.1:8087/"]);
    expect(exitCode).not.toBe(0);
    await reaches(host, "never.socket", "failed");
    expect(await property(host, "never.service", "ExecMainStatus")).toBe("1");
    await host.ok(["systemctl", "stop", "never.socket", "never-proxy.service", "never.service"]);
    // Where starts are repeated too quickly systemd may give up on ExecStopPost=; the next start takes away what is
    // left then.
    await host.sh("systemctl reset-failed; systemctl start never.service || true");
    await until("everything to have ended", async () => {
      const state = await property(host, "never.service", "ActiveState");
      if (state !== "inactive" && state !== "failed") return false;
      return (await host.run(["pgrep", "--full", "berth (run|cleanup)"])).exitCode === 1;
    });
    expect(await leftovers(host)).toBe("");
  });

  hostTest("is a process of systemd's own, with nothing of berth left in memory", async () => {
    await install(host, { "small.container": site({ image: "nginx:1", container: NGINX, listen: 8088 }) });
    await host.ok(["systemctl", "start", "small.socket"]);
    expect(await get(8088)).toBe("hello from nginx");
    const proxy = await property(host, "small-proxy.service", "MainPID");
    expect(await host.ok(["cat", `/proc/${proxy}/comm`])).toBe("systemd-socket-");
    expect((await host.run(["pgrep", "--list-full", "berth|runc"])).stdout).toBe("");
    await host.ok(["systemctl", "stop", "small.socket", "small-proxy.service", "small.service"]);
  });
});
