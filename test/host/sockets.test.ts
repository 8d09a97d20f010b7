import { afterAll, beforeAll, expect } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bootWithImages, install, property, reaches } from "./containers.ts";
import type { Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const APP = `[Container]\nImage=${sample("app:1")}\n`;

/** Sends a datagram to a UDP port or a unix socket, and prints what comes back. */
const DATAGRAM = `
  use Socket; my ($to, $text) = @ARGV; my $socket;
  if ($to =~ m{^/}) {
    socket($socket, PF_UNIX, SOCK_DGRAM, 0); unlink "/tmp/clients/one";
    bind($socket, pack_sockaddr_un("/tmp/clients/one")); $to = pack_sockaddr_un($to);
  } else { socket($socket, PF_INET, SOCK_DGRAM, 0); $to = sockaddr_in($to, INADDR_LOOPBACK) }
  send($socket, $text, 0, $to) // die "send: $!\\n"; alarm 30; recv($socket, my $reply, 1000, 0); print $reply`;

describeOnSuites("both", "sockets on %s", (suite) => {
  let host: Host;
  const get = (port: number, path: string) =>
    host.ok(["curl", "-sS", "--max-time", "30", `http://127.0.0.1:${port}${path}`]);
  const datagram = (to: string, text: string) => host.ok(["perl", "-e", DATAGRAM, to, text]);

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["app:1"]);
    await host.write("/usr/local/bin/connections", await readFile(join(import.meta.dir, "connections.pl")), 0o755);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("refuse and lose none of 1,000 connections while the service is restarted 20 times", async () => {
    // Started means ready here: a first process that has no handler yet is not reached by SIGTERM at all.
    const ready = `${APP}Network=host\nNotify=true\nEnvironment=SAY_READY=1\n`;
    await install(host, {
      "busy.container": `[Unit]\nStartLimitIntervalSec=0\n${ready}[Socket]\nListenStream=127.0.0.1:8081\n`,
    });
    await host.ok(["systemctl", "start", "busy.socket"]);
    const command = ["systemctl", "restart", "busy.service"];
    const report = await host.ok(["connections", "8081", "1000", "16", "50", ...command], { timeout: 200_000 });
    expect(JSON.parse(report)).toEqual({ answered: 1000, ran: 20, errors: {} });
    // Every stop let the payload finish, and every start was by a restart or by the first connection.
    const journal = await host.journal("busy.service");
    expect(journal.split("app: serving 1 socket").length - 1).toBe(21);
    expect(journal.split("app: stopped by SIGTERM").length - 1).toBe(20);
    await host.ok(["systemctl", "stop", "busy.socket", "busy.service"]);
    expect(await property(host, "busy.service", "Result")).toBe("success");
  });

  hostTest("lose no connection when the payload is killed between them", async () => {
    await install(host, {
      "crash.container": `${APP}Network=host\n[Socket]\nListenStream=127.0.0.1:8082\n`,
    });
    await host.ok(["systemctl", "start", "crash.socket"]);
    expect(await get(8082, "/")).toBe("hello from app");
    await host.sh("kill -KILL $(systemctl show --property=MainPID --value crash.service)");
    await reaches(host, "crash.service", "failed");
    expect(await get(8082, "/")).toBe("hello from app");
    await host.ok(["systemctl", "stop", "crash.socket", "crash.service"]);
  });

  hostTest("of several kinds and names reach the payload, of the file and of socket units beside it", async () => {
    await install(host, {
      "many.container": [
        `${APP}Network=none`,
        // Where the client's own socket is, under the same name: an answer goes to a path.
        "Volume=/tmp/clients:/tmp/clients",
        "[Socket]",
        "ListenStream=127.0.0.1:8083",
        "ListenDatagram=127.0.0.1:8083",
        "ListenStream=/run/many.sock",
        "FileDescriptorName=public",
        "",
      ].join("\n"),
      "many-control.socket": [
        "[Socket]",
        "ListenDatagram=/run/many-control.sock",
        "FileDescriptorName=control",
        "Service=many.service",
        "",
      ].join("\n"),
    });
    await host.ok(["mkdir", "/tmp/clients"]);
    await host.ok(["systemctl", "start", "many.socket", "many-control.socket"]);
    expect(await property(host, "many.service", "ActiveState")).toBe("inactive");
    expect(await host.ok(["curl", "-sS", "--max-time", "30", "--unix-socket", "/run/many.sock", "http://app/"])).toBe(
      "hello from app",
    );
    const fds = (await get(8083, "/fds")).split("\n").map((line) => line.split(" "));
    expect(fds.map(([fd]) => fd)).toEqual(["3", "4", "5", "6"]);
    expect(fds.map(([, name]) => name).sort()).toEqual(["control", "public", "public", "public"]);
    expect(await datagram("8083", "one")).toBe("echo public one");
    expect(await datagram("/run/many-control.sock", "two")).toBe("echo control two");
    const env = await get(8083, "/env");
    expect(env).toContain("\nLISTEN_PID=1\n");
    expect(env).not.toContain("NOTIFY_SOCKET");
    await host.ok(["systemctl", "stop", "many.socket", "many-control.socket", "many.service"]);
  });

  hostTest("start the service by a datagram, which is not lost", async () => {
    await install(host, { "dgram.container": `${APP}Network=none\n[Socket]\nListenDatagram=127.0.0.1:8084\n` });
    await host.ok(["systemctl", "start", "dgram.socket"]);
    expect(await datagram("8084", "first")).toBe("echo dgram.socket first");
    await host.ok(["systemctl", "stop", "dgram.socket", "dgram.service"]);
  });

  hostTest("that an admin wrote by hand work with a file that has none", async () => {
    await install(host, {
      "byhand.container": `${APP}Network=none\n`,
      "byhand.socket": "[Socket]\nListenStream=127.0.0.1:8085\nFileDescriptorName=mine\n",
    });
    await host.ok(["systemctl", "start", "byhand.socket"]);
    expect(await get(8085, "/fds")).toBe("3 mine");
    await host.ok(["systemctl", "restart", "byhand.service"]);
    expect(await get(8085, "/pid")).toBe("1");
    await host.ok(["systemctl", "stop", "byhand.socket", "byhand.service"]);
  });

  hostTest("are there for a service that is started by hand", async () => {
    await install(host, { "hand.container": `${APP}Network=none\n[Socket]\nListenStream=127.0.0.1:8086\n` });
    await host.ok(["systemctl", "start", "hand.service"]);
    expect(await property(host, "hand.socket", "ActiveState")).toBe("active");
    expect(await get(8086, "/fds")).toBe("3 hand.socket");
    await host.ok(["systemctl", "stop", "hand.socket", "hand.service"]);
  });

  hostTest("that accept start a container for each connection, which learns whose it is", async () => {
    await install(host, {
      "each@.container": `${APP}Network=none\n[Socket]\nListenStream=127.0.0.1:8087\nAccept=yes\n`,
    });
    await host.ok(["systemctl", "start", "each.socket"]);
    const replies = await Promise.all([1, 2, 3].map((n) => get(8087, `/env?${n}`).then(() => get(8087, "/env"))));
    const ports = replies.map((reply) => {
      const env = new Map(reply.split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
      expect(env.get("REMOTE_ADDR")).toBe("127.0.0.1");
      expect(env.get("LISTEN_FDS")).toBe("1");
      expect(env.get("LISTEN_FDNAMES")).toBe("connection");
      return env.get("REMOTE_PORT");
    });
    expect(new Set(ports).size).toBe(3);
    await host.ok(["systemctl", "stop", "each.socket", "each@*.service"]);
    const left = await host.ok(["systemctl", "list-units", "--all", "--plain", "--no-legend", "each@*"]);
    expect(left).toBe("");
  });

  hostTest("reach a payload below an init process, under its own pid", async () => {
    await install(host, {
      "init.container": `${APP}Network=none\nRunInit=yes\n[Socket]\nListenStream=127.0.0.1:8088\n`,
    });
    await host.ok(["systemctl", "start", "init.socket"]);
    const pid = await get(8088, "/pid");
    expect(pid).not.toBe("1");
    expect(await get(8088, "/env")).toContain(`\nLISTEN_PID=${pid}\n`);
    expect(await get(8088, "/fds")).toBe("3 init.socket");
    expect(await get(8088, "/file/proc/1/comm")).toContain("berth-init");
    await host.ok(["systemctl", "stop", "init.socket", "init.service"]);
    expect(await property(host, "init.service", "Result")).toBe("success");
  });

  hostTest("reach a payload of an ordinary user", async () => {
    await install(host, {
      "user.container": `${APP}Network=none\nUser=1000\nDropCapability=ALL\n[Socket]\nListenStream=127.0.0.1:80\nSocketMode=0600\nListenStream=/run/user.sock\n`,
    });
    await host.ok(["systemctl", "start", "user.socket"]);
    expect(await get(80, "/fds")).toBe("3 user.socket\n4 user.socket");
    expect(await get(80, "/file/proc/self/status")).toMatch(/Uid:\t1000\t1000\t1000\t1000/);
    await host.ok(["systemctl", "stop", "user.socket", "user.service"]);
  });

  hostTest("reach the payload of a user's own unit", async () => {
    const alice = { user: "alice" };
    await host.ok(["berth", "pull", "--quiet", sample("app:1")], alice);
    const sockets = "[Socket]\nListenStream=127.0.0.1:8089\nListenStream=%t/mine.sock\nFileDescriptorName=mine\n";
    await host.write("/home/alice/.config/containers/systemd/mine.container", `${APP}Network=none\n${sockets}`);
    await host.ok(["systemctl", "--user", "daemon-reload"], alice);
    await host.ok(["systemctl", "--user", "start", "mine.socket"], alice);
    expect(await get(8089, "/fds")).toBe("3 mine\n4 mine");
    const reply = await host.ok(
      ["curl", "-sS", "--max-time", "30", "--unix-socket", "/run/user/1000/mine.sock", "http://mine/"],
      alice,
    );
    expect(reply).toBe("hello from app");
    await host.ok(["systemctl", "--user", "stop", "mine.socket", "mine.service"], alice);
  });

  hostTest("of templates belong to their instance", async () => {
    await install(host, {
      "shop@.container": `${APP}Network=none\nEnvironment=NAME=%i\n[Socket]\nListenStream=/run/shop-%i.sock\n`,
    });
    await host.ok(["systemctl", "start", "shop@one.socket", "shop@two.socket"]);
    for (const name of ["one", "two"]) {
      const reply = await host.ok([
        "curl",
        "-sS",
        "--max-time",
        "30",
        "--unix-socket",
        `/run/shop-${name}.sock`,
        "http://shop/",
      ]);
      expect(reply).toBe(`hello from ${name}`);
    }
    await host.ok(["systemctl", "stop", "shop@*.socket", "shop@*.service"]);
  });

  hostTest("leave nothing behind", async () => {
    expect(await leftovers(host)).toBe("");
  });
});
