import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import { bootWithImages, reaches } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const TOOLS = sample("tools:1");
const IDLE = `[Container]\nImage=${TOOLS}\nExec=sleep infinity\nStopSignal=KILL\n`;
const SERVER = `[Container]\nImage=${TOOLS}\nExec=httpd -f -p 80 -h /etc\nStopSignal=KILL\n`;

/** Prints what a web server says: ADDRESS PATH PORT. Names are resolved as programs do, by glibc. */
const FETCH = `
  use Socket qw(:all); $SIG{ALRM} = sub { exit 1 }; alarm 5;
  my ($host, $path, $port) = @ARGV;
  my ($error, @found) = getaddrinfo($host, $port, { socktype => SOCK_STREAM });
  for (@found) {
    socket(my $s, $_->{family}, SOCK_STREAM, 0);
    connect($s, $_->{addr}) or next;
    syswrite $s, "GET /$path HTTP/1.0\\r\\n\\r\\n";
    local $/; my $answer = <$s>; $answer =~ s/.*?\\r\\n\\r\\n//s; print $answer; exit 0;
  }
  exit 2`.replaceAll("\\\\", "\\");
/** Answers each datagram on port 53. */
const ECHO = `use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(53, INADDR_ANY));
  while (my $from = recv(S, my $text, 512, 0)) { send(S, "heard $text", 0, $from) }`;
/** A resolver of the host's, at 127.0.0.2: whatever is asked for has the address 192.0.2.42. */
const RESOLVER = `use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(53, inet_aton("127.0.0.2"))) or die;
  while (my $from = recv(S, my $query, 512, 0)) {
    my ($name, $type) = substr($query, 12) =~ /^(.*?\\0)(..)/s;
    my $known = unpack("n", $type) == 1;
    my $answer = $known ? pack("n3Nn", 0xc00c, 1, 1, 60, 4) . inet_aton("192.0.2.42") : "";
    send(S, pack("n6", unpack("n", $query), 0x8180, 1, $known, 0, 0) . $name . $type . pack("n", 1) . $answer, 0, $from);
  }`;
/** Sends a datagram to PORT of this machine and prints the answer. */
const SEND = `use Socket; $SIG{ALRM} = sub { exit 1 }; alarm 5; socket(S, AF_INET, SOCK_DGRAM, 0);
  send(S, "hello", 0, sockaddr_in($ARGV[0], inet_aton("127.0.0.1"))); recv(S, my $text, 512, 0); print $text`;
const FETCH_PUBLISHED = "timeout 10 sh -c 'until curl -sf -m 1 http://127.0.0.1:8086/hostname; do sleep 0.1; done'";
const DHCP_SERVER =
  "systemd-run --quiet --collect --unit=dhcp-server ip netns exec lan busybox udhcpd -f -a 100 /srv/udhcpd.conf";
/** A network beside the host's, by its interface lan0, and the DHCP server there. */
const LAN = `
  ip netns add lan
  ip link add lan0 type veth peer name eth0 netns lan
  ip link set lan0 up
  ip -n lan addr add 10.99.0.1/24 dev eth0
  ip -n lan link set eth0 up
  cat > /srv/udhcpd.conf << END
start 10.99.0.100
end 10.99.0.110
interface eth0
lease_file /srv/udhcpd.leases
option subnet 255.255.255.0
option router 10.99.0.1
option dns 10.99.0.1
END
  : > /srv/udhcpd.leases
  ${DHCP_SERVER}
  timeout 10 sh -c "until ip netns pids lan | grep -q .; do sleep 0.05; done"`;
/** A plugin of netavark's: one container on a wire to the host. */
const PLUGIN = `#!/bin/sh
request=$(cat)
case $1 in
  create)
    case $request in *'"length":"0"'*) echo '{"error":"too short"}'; exit 1;; esac
    echo "$request" | sed 's|"subnets":\\[]|"subnets":[{"subnet":"10.98.0.0/24","gateway":"10.98.0.1"}]|; s/"driver":"none"/"driver":"host-local"/' ;;
  setup)
    address=$(echo "$request" | sed 's/.*"static_ips":\\["\\([^"]*\\).*/\\1/')
    ip link add wire0 type veth peer name eth0 netns "$2"
    ip addr add 10.98.0.1/24 dev wire0
    ip link set wire0 up
    nsenter --net="$2" sh -c "ip addr add $address/24 dev eth0; ip link set eth0 up"
    echo '{"interfaces":{"eth0":{"mac_address":"02:00:00:00:00:98","subnets":[{"ipnet":"'$address'/24"}]}},"dns_server_ips":["10.98.0.1"],"dns_search_domains":["wire.example"]}' ;;
  teardown)
    nsenter --net="$2" ip link show eth0 > /run/wire-teardown
    ip link del wire0 2> /dev/null || true ;;
esac
`;

describeOnSuites("both", "on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootWithImages(suite, ["tools:1"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });
  afterEach(async () => {
    // Whatever a test has started, and how it has ended: nothing of it is left.
    await host?.sh(`
      cd /etc/containers/systemd
      for file in *.container; do [ ! -e "$file" ] || systemctl stop "\${file%.container}"; done
      for file in *.pod; do [ ! -e "$file" ] || systemctl stop "\${file%.pod}-pod"; done
      rm -f ./*.container ./*.network ./*.pod
      systemctl daemon-reload
      berth network prune --force`);
  });

  const install = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) await host.write(`/etc/containers/systemd/${name}`, text);
    await host.ok(["systemctl", "daemon-reload"]);
    // Tests use the same names again and again: five starts in ten seconds are as many as systemd allows.
    await host.ok(["systemctl", "reset-failed"]);
  };
  const inside = (name: string, command: string) => host.run(["berth", "exec", name, "sh", "-c", command]);
  /** Addresses that a name has, seen from a container, sorted. */
  const lookUp = async (from: string, name: string) => {
    const { stdout } = await inside(
      from,
      `nslookup ${name} 2>/dev/null | sed -n '/^Name:/,$ s/^Address[^:]*: *//p' | sort -u`,
    );
    return stdout.trim().split("\n").filter(Boolean);
  };
  const fetch = async (from: string, address: string, port = "80") =>
    (await host.run(["berth", "exec", from, "perl", "-e", FETCH, address, "hostname", port])).stdout.trim();
  const addressOf = async (name: string, network: string): Promise<string[]> => {
    const [shown] = JSON.parse(await host.ok(["berth", "network", "inspect", network])) as {
      containers: Record<string, { name: string; interfaces: Record<string, { subnets: { ipnet: string }[] }> }>;
    }[];
    const found = Object.values(shown?.containers ?? {}).find((container) => container.name === name);
    return Object.values(found?.interfaces ?? {}).flatMap(({ subnets }) =>
      subnets.map(({ ipnet }) => ipnet.split("/")[0] ?? ""),
    );
  };

  hostTest(
    "containers find each other by name, service, alias and ID, and reach each other by both families",
    async () => {
      await install({
        "front.network": "[Network]\nIPv6=yes\nSubnet=10.60.0.0/24\nSubnet=fd60::/64\n",
        "web.container": `${SERVER}Network=front.network\nNetworkAlias=www\nContainerName=server\n`,
        "client.container": `${IDLE}Network=front.network:ip=10.60.0.77,ip6=fd60::77,mac=02:00:00:00:00:77,interface_name=lan0\n`,
      });
      await host.ok(["systemctl", "start", "web", "client"]);
      const addresses = await addressOf("server", "systemd-front");
      expect(addresses).toHaveLength(2);
      const [container] = JSON.parse(await host.ok(["berth", "inspect", "server"])) as { Id: string }[];
      const [IPAddress, GlobalIPv6Address] = addresses.sort();
      expect(container).toMatchObject({
        Pod: "",
        NetworkSettings: { Networks: { "systemd-front": { IPAddress, GlobalIPv6Address } } },
      });
      for (const name of ["server", "web", "www", container?.Id.slice(0, 12) ?? ""])
        expect({ name, found: await lookUp("client", name) }).toEqual({ name, found: [...addresses].sort() });
      expect(await lookUp("client", "nobody")).toEqual([]);
      expect(await fetch("client", "www")).toBe(container?.Id.slice(0, 12) ?? "");
      expect(await fetch("client", addresses[1] ?? "")).toBe(container?.Id.slice(0, 12) ?? "");
      const { stdout } = await inside("client", "ip addr show lan0; cat /etc/resolv.conf");
      for (const fact of [
        "10.60.0.77/24",
        "fd60::77/64",
        "02:00:00:00:00:77",
        "nameserver 10.60.0.1",
        "search dns.podman",
      ])
        expect(stdout).toContain(fact);
      // There is one name server, and it belongs to no container's unit.
      expect(await host.ok(["pgrep", "-c", "aardvark-dns"])).toBe("1");
      expect(await host.sh("cat /proc/$(pgrep aardvark-dns)/cgroup")).not.toMatch(/(web|client)\.service/);
      await host.ok(["systemctl", "kill", "--signal=KILL", "web"]);
      await reaches(host, "web", "failed");
      expect(await lookUp("client", "www")).toEqual([]);
      expect(await lookUp("client", "client")).toEqual(["10.60.0.77", "fd60::77"]);
      await host.ok(["systemctl", "stop", "client"]);
      await until("the name server to go", async () => (await host.run(["pgrep", "aardvark-dns"])).exitCode !== 0);
      expect(await leftovers(host)).toBe("");
    },
  );

  hostTest("other names are the host's resolvers' to know; an internal network has no way out", async () => {
    await install({
      "inner.network": "[Network]\nInternal=yes\nNetworkDeleteOnStop=yes\n",
      "outer.network": "[Network]\nNetworkDeleteOnStop=yes\n",
      "web.container": `${SERVER}Network=outer.network\n`,
      "deep.container": `${IDLE}Network=inner.network\n`,
      "both.container": `${IDLE}Network=outer.network\nNetwork=inner.network\n`,
    });
    await host.write("/srv/resolver.pl", RESOLVER);
    await host.write("/etc/resolv.conf", "nameserver 127.0.0.2\n");
    await host.ok(["systemd-run", "--quiet", "--collect", "--unit=resolver", "perl", "/srv/resolver.pl"]);
    await host.ok(["systemctl", "start", "web", "deep", "both"]);
    const [web = ""] = await addressOf("systemd-web", "systemd-outer");
    expect((await inside("deep", "ip route")).stdout).not.toContain("default");
    expect(await fetch("deep", web)).toBe("");
    expect(await fetch("both", web)).not.toBe("");
    expect(await lookUp("deep", "both")).toEqual(await addressOf("systemd-both", "systemd-inner"));
    expect(await lookUp("deep", "web")).toEqual([]);
    expect(await lookUp("both", "outside.example")).toEqual(["192.0.2.42"]);
    // aardvark-dns 1.4 asks the host's resolvers for everybody.
    const forwarded = suite === "bookworm" ? ["192.0.2.42"] : [];
    expect(await lookUp("deep", "outside.example")).toEqual(forwarded);
    await host.ok(["systemctl", "stop", "web", "deep", "both", "inner-network", "outer-network"]);
    expect(await host.ok(["berth", "network", "ls", "-q"])).toBe("berth");
    expect(await host.sh("ip -brief link | grep -E 'berth[1-9]' || true")).toBe("");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("containers of a pod are found by their own names from elsewhere", async () => {
    await install({
      "mesh.network": "[Network]\n",
      "duo.pod": "[Pod]\nNetwork=mesh.network\n",
      "one.container": `${SERVER}Pod=duo.pod\n`,
      "two.container": `${IDLE}Pod=duo.pod\nContainerName=second\n`,
      "client.container": `${IDLE}Network=mesh.network\n`,
    });
    await host.ok(["systemctl", "start", "one", "two", "client"]);
    const addresses = await addressOf("systemd-duo", "systemd-mesh");
    for (const name of ["one", "systemd-one", "two", "second", "systemd-duo"])
      expect({ name, found: await lookUp("client", name) }).toEqual({ name, found: addresses });
    expect(await fetch("client", "one")).toBe("systemd-duo");
    expect(await lookUp("second", "client")).toEqual(await addressOf("systemd-client", "systemd-mesh"));
    await host.ok(["systemctl", "kill", "--signal=KILL", "two"]);
    await until("the name to go", async () => (await lookUp("client", "second")).length === 0);
    await host.ok(["systemctl", "stop", "duo-pod", "client"]);
    await until("the name server to go", async () => (await host.run(["pgrep", "aardvark-dns"])).exitCode !== 0);
  });

  hostTest(
    "published ports reach the container by every form, and come back after the firewall was emptied",
    async () => {
      await install({
        "web.container": `${SERVER}PublishPort=8081:80
PublishPort=127.0.0.1:8082:80
PublishPort=8090-8092:80-82
PublishPort=80
PublishPort=\${EXTRA}:80
[Service]
Environment=EXTRA=8083
`,
        "echo.container": `${IDLE.replace("sleep infinity", "perl /echo.pl")}Volume=/srv/echo.pl:/echo.pl:ro\nPublishPort=5353:53/udp\n`,
      });
      await host.write("/srv/echo.pl", ECHO);
      await host.ok(["systemctl", "start", "web", "echo"]);
      const all = async () =>
        host.sh(
          `for port in 8081 8082 8083 8090; do curl -s -m 5 --retry 5 --retry-connrefused http://127.0.0.1:$port/hostname; done | sort | uniq -c | sed 's/^ *//'`,
        );
      const [container] = JSON.parse(await host.ok(["berth", "inspect", "systemd-web"])) as { Id: string }[];
      expect(await all()).toBe(`4 ${container?.Id.slice(0, 12)}`);
      // The one that was chosen is told of.
      const [, chosen] = /0\.0\.0\.0:([1-3]\d{4})->80\/tcp/.exec(await host.ok(["berth", "ps"])) ?? [];
      expect(await host.sh(`curl -s -m 5 http://127.0.0.1:${chosen}/hostname`)).toBe(container?.Id.slice(0, 12) ?? "");
      expect(await host.ok(["perl", "-e", SEND, "5353"])).toBe("heard hello");
      await host.sh("nft flush ruleset");
      expect(await host.run(["curl", "-s", "-m", "1", "http://127.0.0.1:8081/"])).toMatchObject({ exitCode: 7 });
      expect((await host.ok(["berth", "network", "reload", "--all"])).split("\n").sort()).toEqual([
        "systemd-echo",
        "systemd-web",
      ]);
      expect(await all()).toBe(`4 ${container?.Id.slice(0, 12)}`);
      await host.ok(["systemctl", "stop", "web", "echo"]);
      expect(await leftovers(host)).toBe("");
    },
  );

  hostTest("the firewall rules of a network are made with its first container, and anew after a flush", async () => {
    const [program, list] = suite === "bookworm" ? ["iptables", "iptables-save"] : ["nft", "nft list ruleset"];
    const rules = async () =>
      (await host.sh(`${list} | grep -iE '10[.]67[.]0[.]0/24.*(masquerade|jump|-j) ' || true`)) !== "";
    await install({
      "lab.network": "[Network]\nSubnet=10.67.0.0/24\n",
      ...Object.fromEntries([1, 2, 3].map((n) => [`idle${n}.container`, `${IDLE}Network=lab.network\n`])),
      "web.container": `${SERVER}Network=lab.network\nPublishPort=8086:80\n`,
    });
    // Says how often the program has run.
    const path = await host.sh(`readlink -f "$(command -v ${program})"`);
    const count = `#!/bin/bash\necho >> /run/firewall-runs\nexec -a "\${0##*/}" ${path}.real "$@"\n`;
    const runs = async (work: string) =>
      Number(await host.sh(`: > /run/firewall-runs; ${work} && wc -l < /run/firewall-runs`));
    await host.sh(`mv ${path} ${path}.real`);
    await host.write(path, count, 0o755);
    try {
      expect(await runs("systemctl start idle1")).toBeGreaterThan(0);
      expect(await rules()).toBe(true);
      // netavark with iptables goes through the rules each time.
      const none = (found: number) => (suite === "bookworm" ? found > 0 : found === 0);
      expect(none(await runs("systemctl start idle2 idle3"))).toBe(true);
      expect(await runs("systemctl stop idle3")).toBe(0);
      expect(await runs("systemctl start web")).toBeGreaterThan(0);
      expect(await host.sh(FETCH_PUBLISHED)).not.toBe("");
      for (const flush of suite === "bookworm" ? [] : ["nft flush ruleset", "nft delete table inet netavark"]) {
        await host.sh(flush);
        expect(await rules()).toBe(false);
        expect(await runs("systemctl restart idle2")).toBeGreaterThan(0);
        expect(await rules()).toBe(true);
        expect(await host.ok(["berth", "network", "reload", "--all"])).toContain("systemd-web");
        expect(await host.sh(FETCH_PUBLISHED)).not.toBe("");
        await host.sh(flush);
        const reload = (name: string) => runs(`berth network reload ${name} > /dev/null`);
        expect(await reload("systemd-idle1")).toBeGreaterThan(0);
        expect(await rules()).toBe(true);
        // The second has nothing that the first has not restored.
        const both = await reload("systemd-idle1 systemd-idle2");
        expect(both).toBe(await reload("systemd-idle1"));
        expect(await reload("systemd-web")).toBeGreaterThan(0);
        expect(await host.sh(FETCH_PUBLISHED)).not.toBe("");
        expect(none(await runs("systemctl restart idle2"))).toBe(true);
      }
      // Beside firewalld, whose reload leaves the rules and forgets the subnets, netavark looks at all of them.
      await host.sh("systemd-run --quiet --collect --unit=firewalld sleep infinity");
      expect(await runs("systemctl reset-failed; systemctl restart idle2")).toBeGreaterThan(0);
      await host.ok(["systemctl", "stop", "firewalld", "web"]);
      expect(await rules()).toBe(true);
      const names = () => host.sh("grep -o idle. /run/berth/netavark/aardvark-dns/systemd-lab | sort -u | xargs");
      expect(await names()).toBe("idle1 idle2");
      await host.ok(["systemctl", "stop", "idle2"]);
      expect(await names()).toBe("idle1");
      // aardvark-dns 1.4 at times stops to answer when it is told to read its files.
      if (suite !== "bookworm") {
        expect(await lookUp("systemd-idle1", "systemd-idle2")).toEqual([]);
        expect(await lookUp("systemd-idle1", "idle1")).toEqual(await addressOf("systemd-idle1", "systemd-lab"));
      }
      await host.ok(["systemctl", "stop", "idle1"]);
      await until("the name server to go", async () => (await host.run(["pgrep", "aardvark-dns"])).exitCode !== 0);
      await host.ok(["berth", "network", "rm", "systemd-lab"]);
      expect(await rules()).toBe(false);
      expect(await leftovers(host)).toBe("");
      expect(await host.sh("find /run/berth/netavark/firewall/ports -type f 2> /dev/null || true")).toBe("");
    } finally {
      await host.sh(`mv ${path}.real ${path}; rm -f /run/firewall-runs`);
    }
  });

  hostTest(
    "containers that come after a network's rules are masked, isolated and published like the first",
    async () => {
      // A network that knows no way back to a container's address.
      await host.sh(`ip netns add far
      ip link add far0 type veth peer name eth0 netns far
      ip addr add 10.98.1.1/24 dev far0; ip link set far0 up
      ip -n far addr add 10.98.1.2/24 dev eth0; ip -n far link set eth0 up
      systemd-run --quiet --collect --unit=far-server ip netns exec far busybox httpd -f -p 80 -h /etc`);
      await install({
        "one.network": "[Network]\nSubnet=10.68.0.0/24\nOptions=isolate=true\n",
        "two.network": "[Network]\nSubnet=10.69.0.0/24\nOptions=isolate=true\n",
        "first.container": `${IDLE}Network=one.network\n`,
        "second.container": `${IDLE}Network=one.network\n`,
        "other.container": `${IDLE}Network=two.network\n`,
        "web.container": `${SERVER}Network=two.network:ip=10.69.0.9\nPublishPort=8087:80\n`,
      });
      const podman = [
        "podman",
        "run",
        "-d",
        "--rm",
        "--name",
        "theirs",
        "-p",
        "8088:80",
        TOOLS,
        "httpd",
        "-f",
        "-p",
        "80",
      ];
      try {
        await host.ok(["systemctl", "start", "first", "other"]);
        await host.ok(["systemctl", "start", "second", "web"]);
        const server = await fetch("systemd-other", "10.69.0.9");
        expect(server).not.toBe("");
        expect(await fetch("systemd-second", "10.98.1.2")).not.toBe("");
        expect(await fetch("systemd-second", "10.69.0.9")).toBe("");
        // What is published is reached from its own network at the host's address, too.
        const hairpin = (name: string) => fetch(name, "10.98.1.1", "8087");
        expect(await hairpin("systemd-other")).toBe(server);
        if (suite === "bookworm") return;
        await host.ok(["podman", "pull", "--quiet", "--tls-verify=false", TOOLS], { timeout: 120_000 });
        await host.ok(podman);
        await host.ok(["systemctl", "restart", "second"]);
        await host.ok(["podman", "rm", "-f", "-t", "0", "theirs"]);
        expect(await fetch("systemd-second", "10.98.1.2")).not.toBe("");
        expect(await hairpin("systemd-other")).toBe(server);
        await host.ok(podman);
        await host.ok(["systemctl", "stop", "first", "second", "other", "web"]);
        expect(await host.sh("nft list ruleset | grep -c 'dport 8088 dnat'")).toBe("1");
        await host.ok(["podman", "rm", "-f", "-t", "0", "theirs"]);
      } finally {
        await host.sh(
          "systemctl stop far-server; ip link del far0; ip netns del far; podman rm -fa -t 0 2> /dev/null || true",
        );
      }
    },
  );

  hostTest("what cannot be had is said in one line, and leaves nothing behind", async () => {
    await install({ "small.network": "[Network]\nSubnet=10.61.0.0/29\nIPRange=10.61.0.4-10.61.0.5\n" });
    await host.ok(["systemctl", "start", "small-network"]);
    const run = (...flags: string[]) =>
      host.run(["berth", "run", "--detach", "--stop-signal", "KILL", ...flags, TOOLS, "sleep", "infinity"]);
    for (const name of ["one", "two"])
      expect((await run("--name", name, "--network", "systemd-small")).exitCode).toBe(0);
    const wrong: [string, string[]][] = [
      ["no free address in 10.61.0.0/29 of network systemd-small", ["--network", "systemd-small"]],
      ["address 10.61.0.4 is in use in network systemd-small", ["--network", "systemd-small", "--ip", "10.61.0.4"]],
      ["address 10.62.0.4 is outside of network systemd-small", ["--network", "systemd-small:ip=10.62.0.4"]],
      ["address 10.61.0.7 stands for all of 10.61.0.0/29", ["--network", "systemd-small:ip=10.61.0.7"]],
      ['"lo" is not a name for an interface', ["--network", "systemd-small:interface_name=lo"]],
      [
        "--network systemd-small:interface_name=eth%d: %d is not expanded",
        ["--network", "systemd-small:interface_name=eth%d"],
      ],
      ["there is no network nowhere", ["--network", "nowhere"]],
      ["there is no network namespace /run/none", ["--network", "ns:/run/none"]],
      ["publish port 5000/tcp: the port is taken by a process of the host", ["--publish", "5000:80"]],
    ];
    for (const [message, flags] of wrong) {
      const { stderr, exitCode } = await run("--name", "wrong", ...flags);
      expect({ flags, exitCode, said: stderr.includes(message) ? message : stderr }).toEqual({
        flags,
        exitCode: 125,
        said: message,
      });
    }
    const overlap = await host.run(["berth", "network", "create", "--subnet", "10.61.0.0/16", "more"]);
    expect(overlap).toMatchObject({ exitCode: 125 });
    expect(overlap.stderr).toContain("subnet 10.61.0.0/16 overlaps 10.61.0.0/29, which network systemd-small uses");
    expect(await host.run(["berth", "network", "rm", "systemd-small"])).toMatchObject({ exitCode: 2 });
    await host.ok(["berth", "network", "rm", "--force", "systemd-small"]);
    for (const [verb, exitCode] of [
      ["rm", 1],
      ["inspect", 125],
    ] as const) {
      expect(await host.run(["berth", "network", verb, "systemd-small"])).toMatchObject({
        exitCode,
        stderr: "berth: error: there is no network systemd-small\n",
      });
    }
    expect(await host.ok(["berth", "ps", "--quiet"]).catch(() => "")).toBe("");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("a network that is removed by hand is made anew at the next start", async () => {
    await install({
      "front.network": "[Network]\nNetworkDeleteOnStop=yes\n",
      "web.container": `${IDLE}Network=front.network\n`,
      "shop.pod": "[Pod]\nNetwork=front.network\n",
      "cart.container": `${IDLE}Pod=shop.pod\n`,
    });
    await host.ok(["systemctl", "start", "web", "cart"]);
    expect(await host.run(["berth", "network", "rm", "systemd-front"])).toMatchObject({ exitCode: 2 });
    expect(await host.run(["berth", "network", "rm", "--force", "systemd-front"])).toMatchObject({
      ...{ exitCode: 0, stdout: "systemd-front\n", stderr: "" },
    });
    expect(await host.sh("systemctl is-active web cart shop-pod front-network || true")).not.toMatch(/^active/m);
    await host.ok(["systemctl", "start", "web", "cart"]);
    await host.ok(["systemctl", "stop", "web", "shop-pod"]);
    expect(await host.ok(["berth", "network", "prune", "--force"])).toBe("systemd-front");
    await host.ok(["systemctl", "start", "web"]);
  });

  hostTest("a network whose removal is killed leaves no bridge behind", async () => {
    await host.ok(["berth", "network", "create", "--subnet", "10.66.0.0/24", "--interface-name", "half0", "half"]);
    await host.ok([
      "berth",
      "run",
      "-d",
      "--name",
      "in",
      "--stop-signal",
      "KILL",
      "--network",
      "half",
      TOOLS,
      "sleep",
      "99",
    ]);
    await host.ok(["ip", "link", "add", "holds0", "master", "half0", "type", "veth", "peer", "name", "holds1"]);
    await host.ok(["berth", "stop", "in"]);
    // With the definition gone it waits for the bridge to be empty, and is killed while it does.
    const killed = await host.sh(`
      berth network rm half & rm=$!
      for _ in $(seq 100); do berth network inspect half > /dev/null 2>&1 || break; sleep 0.05; done
      kill -9 $rm
      wait $rm || echo $?`);
    expect(killed).toBe("137");
    expect((await host.run(["berth", "network", "inspect", "half"])).exitCode).toBe(125);
    await host.ok(["ip", "link", "del", "holds0"]);
    await host.ok(["berth", "cleanup", "--stale"]);
    expect((await host.run(["ip", "link", "show", "half0"])).exitCode).toBe(1);
    await host.ok(["berth", "network", "create", "--subnet", "10.66.0.0/24", "half"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest(
    "a container can join another's network, and one has addresses on the host's own by macvlan and ipvlan",
    async () => {
      await host.sh("ip link add parent0 type veth peer name parent1; ip link set parent0 up; ip link set parent1 up");
      // Not every kernel has the driver of ipvlan.
      const ipvlan = await host.run(["ip", "link", "add", "probe0", "link", "parent0", "type", "ipvlan"]);
      if (ipvlan.exitCode === 0) await host.ok(["ip", "link", "del", "probe0"]);
      for (const driver of ipvlan.exitCode === 0 ? ["macvlan", "ipvlan"] : ["macvlan"]) {
        const subnet = driver === "macvlan" ? "10.63.0.0/24" : "10.64.0.0/24";
        await host.ok([
          "berth",
          "network",
          "create",
          "-d",
          driver,
          "-o",
          "parent=parent0",
          "--opt",
          "mtu=1400",
          "--subnet",
          subnet,
          driver,
        ]);
        const start = (...words: string[]) =>
          host.ok(["berth", "run", "-d", "--stop-signal", "KILL", "--network", driver, ...words]);
        await start("--name", "server", TOOLS, "httpd", "-f", "-p", "80", "-h", "/etc");
        await start("--name", "client", TOOLS, "sleep", "infinity");
        const [server = ""] = await addressOf("server", driver);
        expect(await fetch("client", server)).not.toBe("");
        expect((await inside("client", "ip link show eth0")).stdout).toContain("mtu 1400");
        const joined = [
          "run",
          "--network",
          "container:server",
          TOOLS,
          "wget",
          "-q",
          "-O",
          "-",
          "http://127.0.0.1/hostname",
        ];
        expect(await host.ok(["berth", ...joined])).toBe(await fetch("client", server));
        await host.ok(["berth", "stop", "server", "client"]);
        await host.ok(["berth", "network", "rm", driver]);
      }
      await host.ok(["ip", "link", "del", "parent0"]);
      expect(await leftovers(host)).toBe("");
    },
  );

  hostTest("a plugin of netavark's connects containers in its own way", async () => {
    const create = (...words: string[]) => host.run(["berth", "network", "create", ...words]);
    await host.write("/usr/local/lib/netavark/wire", PLUGIN, 0o755);
    if (suite === "bookworm") {
      expect((await create("-d", "wire", "w")).stderr).toContain("plugins need netavark 1.6, and this is 1.4.0");
      return;
    }
    expect((await create("-d", "../wire", "w")).stderr).toContain("network w: there is no driver ../wire");
    expect((await create("-d", "wire", "-o", "length=0", "w")).stderr).toContain("network w: plugin wire: too short");
    await install({
      "wire.network": "[Network]\nDriver=wire\nOptions=length=3\n",
      "web.container": `${SERVER}Network=wire.network\n`,
    });
    await host.ok(["systemctl", "start", "web"]);
    expect(await addressOf("systemd-web", "systemd-wire")).toEqual(["10.98.0.2"]);
    expect((await inside("systemd-web", "cat /etc/resolv.conf")).stdout).toBe(
      "search wire.example\nnameserver 10.98.0.1\n",
    );
    await until(
      "the server to listen",
      async () => (await host.sh("busybox wget -q -O - http://10.98.0.2/hostname || true")) !== "",
    );
    await host.ok(["systemctl", "kill", "--signal=KILL", "web"]);
    await reaches(host, "web", "failed");
    expect(await host.ok(["cat", "/run/wire-teardown"])).toContain("eth0");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("a mount that takes long holds up no other container's network", async () => {
    const helper = `#!/bin/sh
lock=/run/berth/netavark/lock
if [ ! -e $lock ] || flock -n $lock true; then echo free; else echo held; fi > /run/slow-mount
exec mount -t tmpfs "$1" "$2"
`;
    await host.write("/sbin/mount.slow", helper, 0o755);
    await host.ok(["berth", "volume", "create", "--opt", "type=slow", "--opt", "device=server", "far"]);
    await install({ "web.container": `${SERVER}Volume=far:/far\n` });
    await host.ok(["systemctl", "start", "web"]);
    expect(await host.sh("cat /run/slow-mount")).toBe("free");
    await host.ok(["systemctl", "stop", "web"]);
    await host.sh("berth volume rm far; rm /sbin/mount.slow /run/slow-mount");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("addresses come from a DHCP server of the network that macvlan sits in", async () => {
    const lan = "[Network]\nDriver=macvlan\nOptions=parent=lan0\n";
    await host.sh(LAN);
    // The server's process is another one after a while.
    const left = async () => (await leftovers(host)).replace(/\/proc\/\d+/g, "");
    const before = await left();
    try {
      await install({
        "lan.network": `${lan}IPAMDriver=dhcp\n`,
        "web.container": `${SERVER}Network=lan.network\nHostName=printer\n`,
      });
      if (suite === "bookworm") {
        await host.run(["systemctl", "start", "web"]);
        const why = "network systemd-lan: addresses by DHCP need netavark 1.6, and this is 1.4.0";
        expect(await host.journal("lan-network")).toContain(why);
        return;
      }
      await host.ok(["systemctl", "start", "web"]);
      const [address = ""] = await addressOf("systemd-web", "systemd-lan");
      expect(address).toStartWith("10.99.0.1");
      const [container] = JSON.parse(await host.ok(["berth", "inspect", "systemd-web"])) as unknown[];
      expect(container).toMatchObject({
        NetworkSettings: { IPAddress: address, Networks: { "systemd-lan": { IPAddress: address } } },
      });
      const { stdout } = await inside("systemd-web", "ip addr show eth0; ip route; cat /etc/hosts /etc/resolv.conf");
      for (const fact of [`${address}/24`, "default via 10.99.0.1", `${address}\tprinter systemd-web`])
        expect(stdout).toContain(fact);
      expect(stdout).toEndWith("systemd-web\nnameserver 10.99.0.1\n");
      const fetch = `ip netns exec lan busybox wget -q -O - http://${address}/hostname || true`;
      await until("the server to listen", async () => (await host.sh(fetch)) === "printer");
      // The server knows it again.
      await host.ok(["systemctl", "restart", "web"]);
      expect(await addressOf("systemd-web", "systemd-lan")).toEqual([address]);
      await host.ok(["systemctl", "kill", "--signal=KILL", "web"]);
      await reaches(host, "web", "failed");
      expect(await left()).toBe(before);

      // A server that gives another address when the first has run out.
      await host.sh(`systemctl stop dhcp-server; echo option lease 6 >> /srv/udhcpd.conf; ${DHCP_SERVER}`);
      await host.ok(["systemctl", "start", "web"]);
      const range = "s/^start.*/start 10.99.0.200/; s/^end.*/end 10.99.0.210/";
      await host.sh(`systemctl stop dhcp-server; sed -i '${range}' /srv/udhcpd.conf; ${DHCP_SERVER}`);
      await until("another address", async () =>
        /inet 10\.99\.0\.2\d\d/.test((await inside("systemd-web", "ip addr show eth0")).stdout),
      );
      const other = (await inside("systemd-web", "ip addr show eth0; ip route")).stdout;
      expect(other).not.toContain(`${address}/`);
      expect(other).toContain("default via 10.99.0.1");
      await host.ok(["systemctl", "stop", "web"]);

      await install({
        "lan.pod": "[Pod]\nNetwork=lan.network\n",
        "member.container": `${IDLE}Pod=lan.pod\n`,
        "other.container": `${IDLE}Pod=lan.pod\n`,
        "aside.container": `${IDLE}Pod=lan.pod\nNetwork=host\n`,
      });
      // What the proxy finds the pod's namespace by: a container that is in it, and no other.
      const link = () => host.sh("readlink /run/berth/network-setups/*.ns");
      const payload = async (unit: string) =>
        `/proc/${await host.ok(["systemctl", "show", "--value", "--property=MainPID", unit])}/ns/net`;
      await host.ok(["systemctl", "start", "other", "member", "aside"]);
      await host.ok(["systemctl", "restart", "member"]);
      await host.ok(["systemctl", "restart", "aside"]);
      expect(await link()).toBe(await payload("member"));
      await host.ok(["systemctl", "stop", "member"]);
      expect(await link()).toBe(await payload("other"));
      await host.ok(["systemctl", "stop", "other"]);
      expect(await link()).toBe("/proc/0/ns/net");
      await host.ok(["systemctl", "start", "member"]);
      expect(await link()).toBe(await payload("member"));
      const [pod = ""] = await addressOf("systemd-lan", "systemd-lan");
      expect(pod).toStartWith("10.99.0.2");
      expect(pod).not.toBe(address);
      expect((await inside("systemd-member", "cat /etc/hosts")).stdout).toContain(`${pod}\tsystemd-lan`);
      expect((await inside("systemd-member", "ip addr")).stdout).toContain(`${pod}/24`);
      await host.ok(["systemctl", "stop", "lan-pod"]);

      // A proxy that has no answer keeps nothing else from going.
      await host.ok(["systemctl", "start", "web"]);
      await host.ok(["systemctl", "stop", "netavark-dhcp-proxy.socket", "netavark-dhcp-proxy.service"]);
      const listen = "[Socket]\nAccept=yes\nListenStream=/run/podman/nv-proxy.sock\n";
      await host.write("/run/systemd/system/mute.socket", listen);
      await host.write("/run/systemd/system/mute@.service", "[Service]\nExecStart=/bin/true\n");
      await host.ok(["systemctl", "daemon-reload"]);
      await host.ok(["systemctl", "start", "mute.socket"]);
      await host.run(["systemctl", "stop", "web"]);
      expect(await host.journal("web")).toContain("netavark teardown: ");
      // What it renews is its own affair.
      await host.sh("systemctl stop mute.socket; rm -f /run/systemd/system/mute* /run/podman/nv-proxy.*");
      expect(await left()).toBe(before);
      expect((await host.run(["systemctl", "start", "web"])).exitCode).toBe(1);
      expect(await host.journal("web")).toContain(
        "network systemd-lan has its addresses by DHCP, and nothing answers at /run/podman/nv-proxy.sock: start netavark-dhcp-proxy.socket",
      );
      expect(await left()).toBe(before);
    } finally {
      await host.sh("systemctl stop dhcp-server; ip link del lan0; ip netns del lan");
    }
  });
});
