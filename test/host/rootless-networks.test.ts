import { afterAll, beforeAll, expect } from "bun:test";
import { bootHost, type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { HERE, makeOutside, OUTSIDE } from "./outside.ts";
import { sample, startRegistry } from "./registry.ts";

const UNITS = "/home/alice/.config/containers/systemd";
/** Answers every datagram with "echo" and what was in it. */
const ECHO = `use Socket; socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(53, INADDR_ANY)) or die $!;
while (my $from = recv(S, my $text, 99, 0)) { send(S, "echo $text", 0, $from) }
`;

/** Prints the last line of the page of a server; wget of a static busybox fails where there is a name server. */
const GET = `use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => "$ARGV[0]:80", Timeout => 2) or die;
alarm 5; print $s "GET / HTTP/1.0\\r\\n\\r\\n"; while (<$s>) { if (/^from/) { print; last } }
`;

describeOnSuites("both", "an ordinary user's networks on %s", (suite) => {
  let host: Host;
  const alice = { user: "alice" } as const;
  const systemctl = (...args: string[]) => host.ok(["systemctl", "--user", ...args], alice);
  const show = (unit: string, property: string) => systemctl("show", "--value", `--property=${property}`, unit);
  const container = (name: string, text: string) =>
    host.write(`${UNITS}/${name}.container`, `[Container]\n${text}\n[Unit]\nStartLimitIntervalSec=0\n`);
  const get = (url: string) => host.run(["curl", "-sS", "--max-time", "5", url]);
  const answered = (url: string) =>
    until(`${url} to answer`, async () => (await get(url)).stdout === "hello from httpd\n");
  const run = (...args: string[]) => host.run(["berth", "run", ...args], alice);
  const pastas = () => host.sh("pgrep -c '^pas(ta|st)' || true");
  /** What runs in the unit's cgroup, but not in the container's. */
  const besidePayload = async (unit: string) => {
    const cgroup = `/sys/fs/cgroup${await show(unit, "ControlGroup")}`;
    return host.sh(
      `find ${cgroup} -name cgroup.procs -not -path '*/container/*' -exec cat {} + | xargs ps -o comm= -p`,
    );
  };
  const ended = (unit: string) =>
    until(`${unit} to end`, async () => /inactive|failed/.test(await show(unit, "ActiveState")));
  const errorOf = async (unit: string) => {
    expect((await host.run(["systemctl", "--user", "start", unit], alice)).exitCode).not.toBe(0);
    return host.statusOf(unit, { ...alice, lines: 200 });
  };

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootHost({ suite });
    await makeOutside(host);
    await startRegistry(host);
    await host.write("/srv/echo.pl", ECHO);
    await host.write("/srv/get.pl", GET);
    const httpd = `Image=${sample("httpd:1")}`;
    const servers = `Entrypoint=sh\nExec=-c "httpd -h /www -p 7000; httpd -h /www -p 7002; exec httpd -f -h /www -p 80"`;
    const ports = ["8080:80", "127.0.0.2:8081:80", "9000-9002:7000-7002", "[::1]:8082:80"];
    await container("web", [httpd, servers, "StopTimeout=1", ...ports.map((port) => `PublishPort=${port}`)].join("\n"));
    await container(
      "echo",
      `Image=${sample("tools:1")}\nExec=perl /echo.pl\nVolume=/srv/echo.pl:/echo.pl:ro\nPublishPort=9053:53/udp\nStopTimeout=1`,
    );
    await container("late", `${httpd}\nPublishPort=8080:80`);
    await container("low", `${httpd}\nPublishPort=80:80`);
    await container("sctp", `${httpd}\nPublishPort=8099:80/sctp`);
    await container("wrong", `${httpd}\nNetwork=pasta:--no-such-option`);
    await host.write(`${UNITS}/outer.network`, "[Network]\n");
    await host.write(`${UNITS}/inner.network`, "[Network]\nInternal=yes\n");
    await container("db", `${httpd}\nNetwork=inner.network:alias=database`);
    await container("front", `${httpd}\nNetwork=outer.network\nNetwork=inner.network\nPublishPort=8085:80`);
    const tools = `Image=${sample("tools:1")}\nStopSignal=KILL\nExec=sleep 10000\nVolume=/srv/get.pl:/get.pl:ro`;
    await container("talker", `${tools}\nNetwork=outer.network\nNetwork=inner.network`);
    await host.write(`${UNITS}/group.pod`, "[Pod]\nNetwork=outer.network\nPublishPort=8086:80\n");
    await container("member", `${httpd}\nPod=group.pod`);
    await host.ok(["chown", "-R", "alice:alice", "/home/alice"]);
    for (const image of ["httpd:1", "tools:1"] as const)
      await host.ok(["berth", "pull", "--quiet", sample(image)], alice);
    await systemctl("daemon-reload");
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("have the host's addresses and routes, and its resolver at an address of pasta's", async () => {
    const shown = await run(
      ...[sample("tools:1"), "sh", "-c"],
      `ip -o addr show dev up0; ip route; ip -6 route; cat /etc/resolv.conf /etc/hosts; wget -qO- http://${OUTSIDE}/; nslookup name.example`,
    );
    expect(shown.stdout).toContain(`inet ${HERE}/24`);
    expect(shown.stdout).toContain("inet6 2001:db8:77::5/64");
    expect(shown.stdout).toContain(`default via ${OUTSIDE} dev up0`);
    expect(shown.stdout).toContain("default via 2001:db8:77::1 dev up0");
    expect(shown.stdout).toContain(`nameserver 169.254.1.1\nnameserver ${OUTSIDE}\n`);
    expect(shown.stdout).toContain("from outside");
    // A pasta of 2023 has no address for the host.
    if (suite !== "bookworm") expect(shown.stdout).toContain("169.254.1.2\thost.containers.internal");
    expect(shown.stdout).toMatch(/Name:\s+name.example\s+Address:\s+203.0.113.1/);
    // The host's loopback interface is not for everybody in a container.
    const registry = await run(sample("tools:1"), "wget", "-T", "2", "-qO-", "http://203.0.113.1:5000/v2/");
    expect(registry.exitCode).not.toBe(0);
    expect((await run(sample("tools:1"), "wget", "-T", "2", "-qO-", "http://127.0.0.1:5000/v2/")).exitCode).not.toBe(0);
    await until("pasta to end with its container", async () => (await pastas()) === "0");
  });

  hostTest("publish ports: on all addresses, on one, ranges, IPv6, udp; one pasta in the unit's cgroup", async () => {
    await systemctl("start", "web", "echo");
    await answered(`http://127.0.0.1:8080/`);
    await answered(`http://${HERE}:8080/`);
    await answered("http://127.0.0.2:8081/");
    await answered("http://[::1]:8082/");
    await answered("http://127.0.0.1:9000/");
    await answered("http://127.0.0.1:9002/");
    expect((await get("http://127.0.0.1:8081/")).exitCode).not.toBe(0);
    expect((await get(`http://${HERE}:8082/`)).exitCode).not.toBe(0);
    // From another machine.
    expect(await host.ok(["ip", "netns", "exec", "outside", "curl", "-sS", `http://${HERE}:8080/`])).toBe(
      "hello from httpd",
    );
    const outside = ["ip", "netns", "exec", "outside"];
    const ask = (address: string) => [
      "bash",
      "-c",
      `exec 3<>/dev/udp/${address}/9053; echo hi >&3; timeout 5 head -n 1 <&3`,
    ];
    const echoed = (argv: string[]) =>
      until("an answer by udp", async () => (await host.run(argv)).stdout === "echo hi\n");
    await echoed([...outside, ...ask(HERE)]);
    // A pasta of 2023 carries what comes from the host itself only to a port of the same number.
    if (suite !== "bookworm") await echoed(ask("127.0.0.1"));
    expect(await pastas()).toBe("2");
    expect(await besidePayload("web.service")).toMatch(/^pas(ta|st)\S*$/);
    expect(await host.ok(["berth", "ps"], alice)).toContain("8080");
    await systemctl("stop", "web", "echo");
    expect(await pastas()).toBe("0");
  });

  hostTest("end with their pasta: after a stop, a restart, kill -9 of the payload and of everything", async () => {
    await systemctl("start", "web");
    const pid = await show("web.service", "MainPID");
    await systemctl("restart", "web");
    await answered("http://127.0.0.1:8080/");
    expect(await show("web.service", "MainPID")).not.toBe(pid);
    expect(await pastas()).toBe("1");
    await host.ok(["kill", "-KILL", await show("web.service", "MainPID")]);
    await ended("web.service");
    expect(await pastas()).toBe("0");
    await systemctl("start", "web");
    await systemctl("kill", "--signal=KILL", "web");
    await ended("web.service");
    expect(await pastas()).toBe("0");
    const files = [
      "/run/user/1000/berth/containers",
      "/run/user/1000/berth/names",
      "/home/alice/.local/share/berth/containers",
    ];
    expect(await host.ok(["find", ...files, "-mindepth", "1"])).toBe("");
  });

  hostTest("say clearly what cannot be published", async () => {
    await systemctl("start", "web");
    expect(await errorOf("late")).toContain("publish port 8080/tcp: the port is taken by a process of the host");
    await systemctl("stop", "web");
    expect(await errorOf("low")).toContain("publish port 80: a user may publish ports from 1024 on");
    expect(await errorOf("sctp")).toContain("not sctp");
    expect(await errorOf("wrong")).toContain("pasta: ");
    expect(await pastas()).toBe("0");
    expect((await host.run(["berth", "run", "--network", "pasta", sample("tools:1"), "true"])).stderr).toContain(
      "the network pasta is for a user's containers",
    );
  });

  hostTest("say which program is not installed, and leave nothing", async () => {
    const aardvark = (await host.sh("ls -d /usr/l*/podman/aardvark-dns")).trim();
    await host.ok(["berth", "pull", "--quiet", sample("tools:1")]);
    await host.ok(["berth", "network", "create", "named"]);
    await host.ok(["berth", "network", "create", "named"], alice);
    for (const [program, name, line] of [
      ["/usr/bin/pasta", "passt", []],
      ["/usr/bin/newuidmap", "uidmap", []],
      ["/usr/bin/newgidmap", "uidmap", ["--network", "none"]],
      [aardvark, "aardvark-dns", ["--network", "named"]],
    ] as const) {
      await host.ok(["mv", program, `${program}.away`]);
      const told = `berth: error: ${program.split("/").at(-1)} is not installed (Debian package ${name})\n`;
      expect(await run(...line, sample("tools:1"), "true")).toEqual({ stdout: "", stderr: told, exitCode: 125 });
      if (program === aardvark) {
        const asRoot = await host.run(["berth", "run", ...line, sample("tools:1"), "true"]);
        expect(asRoot).toEqual({ stdout: "", stderr: told, exitCode: 125 });
      } else expect(await errorOf("web")).toContain(told.trim());
      await host.ok(["mv", `${program}.away`, program]);
    }
    // One that is gone before its container's end keeps nothing from being removed.
    await host.ok(["berth", "run", "-d", "--name", "up", "--network", "named", sample("tools:1"), "sleep", "1000"]);
    await host.ok(["mv", aardvark, `${aardvark}.away`]);
    await host.sh("systemctl kill --signal=KILL berth-up; systemctl stop berth-up");
    await host.ok(["mv", `${aardvark}.away`, aardvark]);
    await host.ok(["berth", "network", "rm", "named"], alice);
    await host.ok(["berth", "network", "rm", "named"]);
    const left = (await leftovers(host)).split("\n");
    // The rest is the network outside.
    expect(left.filter((line) => /^(file|lease|process|rule)/.test(line))).toEqual([]);
  });

  hostTest("connect containers by bridges: names, no way out of an internal network, published ports", async () => {
    await systemctl("start", "db");
    await systemctl("start", "front");
    expect(await show("berth-networks.target", "ActiveState")).toBe("active");
    // One pasta for all bridges, one for what is published, and the name server; nothing else.
    expect(await besidePayload("front.service")).toMatch(/^pas(ta|st)\S*$/);
    expect(await pastas()).toBe("2");
    expect(await host.sh("pgrep -c aardvark-dns")).toBe("1");
    const inside = (name: string, script: string) => host.run(["berth", "exec", name, "sh", "-c", script], alice);
    // wget of a static busybox cannot look up names, and its nslookup tries the search domain alone.
    const byName = (from: string, name: string, answer: string) =>
      until(`${name} to answer ${from}`, async () => {
        const address = `$(nslookup ${name}. | awk '/^Address: / { print $2; exit }')`;
        const get = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${address} 80 | tail -n 1`;
        return (await inside(from, get)).stdout === answer;
      });
    for (const name of ["db", "database", "systemd-db"]) await byName("front", name, "hello from httpd\n");
    const resolved = await run("--network", "systemd-outer", sample("tools:1"), "nslookup", "name.example.");
    expect(resolved.stdout).toContain(`Address: ${OUTSIDE}`);
    await byName("db", "front", "hello from httpd\n");
    expect((await inside("db", `nc -w 2 ${OUTSIDE} 80 < /dev/null`)).stderr).toContain("unreachable");
    const resolvConf = (await inside("front", "cat /etc/resolv.conf")).stdout;
    expect(resolvConf).toMatch(/^search dns.podman\nnameserver 10\./m);
    const outside = ["ip", "netns", "exec", "outside", "curl", "-sS", "--max-time", "5"];
    await answered("http://127.0.0.1:8085/");
    await answered(`http://${HERE}:8085/`);
    expect(await host.ok([...outside, `http://${HERE}:8085/`])).toBe("hello from httpd");
    const other = await run(
      "--network",
      "container:systemd-front",
      sample("tools:1"),
      "wget",
      "-qO-",
      "http://127.0.0.1/",
    );
    expect(other.stdout).toBe("hello from httpd\n");
  });

  hostTest("leave nothing of a bridge: after a stop, kill -9, and the end of all networks", async () => {
    const addresses = () => host.sh("find /run/user/1000/berth/networks -path '*/leases/*' ! -name 'last*' | wc -l");
    expect(await addresses()).toBe("3");
    await systemctl("restart", "front");
    await answered("http://127.0.0.1:8085/");
    await systemctl("kill", "--signal=KILL", "db");
    await ended("db.service");
    expect(await addresses()).toBe("2");
    await systemctl("stop", "front");
    expect(await addresses()).toBe("0");
    expect(await host.sh("find /run/user/1000/berth/network-setups -type f | wc -l")).toBe("0");
    const holder = await show("berth-networks-pasta.service", "MainPID");
    const server = await host.ok(["pgrep", "aardvark-dns"]);
    const links = () => host.ok(["nsenter", "--net", `--target=${server}`, "ip", "-o", "link"]);
    // The kernel clears a namespace away some time after its last process has ended.
    await until("the interfaces to go", async () => !(await links()).includes("veth"));
    expect(await links()).not.toContain("veth");
    expect(holder).not.toBe("0");
    // What needs the networks goes before them.
    await systemctl("start", "front");
    await systemctl("stop", "berth-networks.target");
    expect(await show("front.service", "ActiveState")).toBe("inactive");
    await until("everything to end", async () => (await pastas()) === "0");
    expect(await host.sh("pgrep -c aardvark-dns || true")).toBe("0");
    expect(await addresses()).toBe("0");
    // And comes again with them.
    await systemctl("start", "front");
    await answered("http://127.0.0.1:8085/");
    await systemctl("stop", "front", "berth-networks.target");
  });

  hostTest(
    "go on when their pasta or name server is killed: a way out, in, and names, with the same containers",
    async () => {
      await systemctl("start", "front", "db", "talker");
      await answered("http://127.0.0.1:8085/");
      const payload = await show("front.service", "MainPID");
      const inside = async (script: string) =>
        (await host.run(["berth", "exec", "talker", "sh", "-c", script], alice)).stdout;
      const working = async () => {
        await until("a way out", async () => (await inside(`perl /get.pl ${OUTSIDE}`)) === "from outside\n");
        await until("names", async () => /Address: 10\./.test(await inside("nslookup database.")));
        await until("other names", async () => (await inside("nslookup name.example.")).includes(OUTSIDE));
      };
      await working();
      for (const service of ["berth-networks-pasta.service", "berth-networks-dns.service"]) {
        const before = await show(service, "MainPID");
        await host.ok(["kill", "-KILL", before]);
        await until(`${service} again`, async () => {
          const now = await show(service, "MainPID");
          return now !== "0" && now !== before && (await show(service, "ActiveState")) === "active";
        });
        await working();
      }
      // Ports of containers have a pasta of their own.
      await answered("http://127.0.0.1:8085/");
      expect(await show("front.service", "MainPID")).toBe(payload);
      expect(await show("db.service", "NRestarts")).toBe("0");
      // A container that starts, and one that ends, without either of them.
      await host.ok(["kill", "-KILL", await show("berth-networks-pasta.service", "MainPID")]);
      await host.ok(["kill", "-KILL", await show("berth-networks-dns.service", "MainPID")]);
      await systemctl("restart", "db");
      await working();
      expect(await host.sh("pgrep -c aardvark-dns")).toBe("1");
      await systemctl("stop", "berth-networks.target");
      await until("everything to end", async () => (await pastas()) === "0");
      expect(await host.sh("find /run/user/1000/berth/network-setups -type f | wc -l")).toBe("0");
    },
  );

  hostTest("get their firewall back, and lose their bridge with the network", async () => {
    await systemctl("start", "front");
    const within = async (script: string) =>
      host.sh(`nsenter --user --net --target=$(pgrep aardvark-dns) sh -c '${script}'`);
    const rules = () => within("{ iptables-save; nft list ruleset; } 2> /dev/null | grep -c 10[.]86[.] || true");
    const before = await rules();
    expect(before).not.toBe("0");
    await within("iptables -F; iptables -t nat -F; nft flush ruleset");
    expect(await rules()).toBe("0");
    expect(await host.ok(["berth", "network", "reload", "--all"], alice)).toBe("systemd-front");
    expect(await rules()).toBe(before);
    await answered("http://127.0.0.1:8085/");
    const remove = (...words: string[]) => host.run(["berth", "network", "rm", ...words], alice);
    expect((await remove("systemd-outer")).stderr).toContain("network systemd-outer is in use by systemd-front");
    expect(await within("ip -o link show type bridge | wc -l")).toBe("2");
    const id = await host.ok(["berth", "network", "inspect", "--format", "{{.ID}}", "systemd-outer"], alice);
    expect(await remove("--force", id.slice(0, 12))).toEqual({
      exitCode: 0,
      stdout: `${id.slice(0, 12)}\n`,
      stderr: "",
    });
    for (const unit of ["front.service", "outer-network.service"])
      expect(await show(unit, "ActiveState")).toBe("inactive");
    expect(await within("ip -o link show type bridge | wc -l")).toBe("1");
    const prune = (...words: string[]) => host.run(["berth", "network", "prune", "--force", ...words], alice);
    expect((await prune("--filter", "dangling=false")).stdout).toBe("");
    // A service that could not be stopped is not forgotten.
    const stays = "/home/alice/.config/systemd/user/inner-network.service.d/stays.conf";
    await host.write(stays, "[Unit]\nRefuseManualStop=yes\n");
    await systemctl("daemon-reload");
    const pruned = await prune();
    expect(pruned.stdout).toBe("systemd-inner\n");
    expect(pruned.stderr).toStartWith("berth: warning: stop inner-network.service: ");
    await host.ok(["rm", stays]);
    await systemctl("daemon-reload");
    await host.ok(["berth", "network", "create", "systemd-inner"], alice);
    expect(await remove("systemd-inner")).toEqual({ exitCode: 0, stdout: "systemd-inner\n", stderr: "" });
    expect(await show("inner-network.service", "ActiveState")).toBe("inactive");
    expect(await host.sh("ls -A /run/user/1000/berth/makers")).toBe("");
    expect(await within("ip -o link show type bridge | wc -l")).toBe("0");
    await systemctl("stop", "berth-networks.target");
    await until("everything to end", async () => (await pastas()) === "0");
  });

  hostTest("publish the ports of a pod on a bridge", async () => {
    await systemctl("start", "member");
    await answered("http://127.0.0.1:8086/");
    const outside = ["ip", "netns", "exec", "outside", "curl", "-sS", "--max-time", "5"];
    expect(await host.ok([...outside, `http://${HERE}:8086/`])).toBe("hello from httpd");
    expect(await besidePayload("group-pod.service")).toMatch(/^pas(ta|st)\S*$/);
    await systemctl("stop", "group-pod");
    await ended("member.service");
    expect(await pastas()).toBe("1");
    expect(await host.sh("find /run/user/1000/berth/networks -path '*/leases/*' ! -name 'last*' | wc -l")).toBe("0");
  });

  hostTest("run on a bridge from a shell, which starts the networks", async () => {
    await host.ok(["berth", "network", "create", "--ipam-driver", "none", "bare"], alice);
    const bare = await run("--network", "bare", "-p", "8099:80", sample("tools:1"), "true");
    expect(bare.stderr).toContain("ports cannot be published: the container has no address");
    await host.ok(["berth", "network", "rm", "bare"], alice);
    const shown = await run(
      "--network",
      "bridge",
      sample("tools:1"),
      "sh",
      "-c",
      `ip route; wget -qO- http://${OUTSIDE}/`,
    );
    expect(shown.stdout).toContain("default via 10.87.0.1 dev eth0");
    expect(shown.stdout).toContain("from outside");
    expect(await pastas()).toBe("1");
    await systemctl("stop", "berth-networks.target");
  });
});
