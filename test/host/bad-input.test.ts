import { afterAll, beforeAll, expect } from "bun:test";
import { JUDGED } from "./check-agrees.ts";
import { bootWithImages, install } from "./containers.ts";
import type { Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, newestHostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const TOOLS = `[Container]\nImage=${sample("tools:1")}\nExec=sleep 1000\nStopSignal=KILL\n`;

/** One mistake: files that have it, the unit whose start fails, and what its status says. */
interface Mistake {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly says: RegExp;
  /** Done before the start, and undone after it. */
  readonly before?: string;
  readonly after?: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    what: "overlapping subnets of two files",
    files: {
      "wide.network": "[Network]\nSubnet=10.90.0.0/16\n",
      "narrow.network": "[Network]\nSubnet=10.90.5.0/24\n",
    },
    unit: "wide-network.service",
    says: /wide\.network:2:\d+: error: .*10\.90\.0\.0\/16.*narrow\.network/,
  },
  {
    what: "a subnet that overlaps a network of before",
    before: "berth network create --subnet 10.91.0.0/16 before",
    files: { "late.network": "[Network]\nSubnet=10.91.7.0/24\n" },
    unit: "late-network.service",
    says: /10\.91\.7\.0\/24.*(overlaps|is in use|used).*before/,
    after: "berth network rm before",
  },
  {
    what: "a port that is taken",
    before:
      "systemd-run --unit holder --collect perl -MIO::Socket::INET -e '@held = IO::Socket::INET->new(LocalPort => 8099, Listen => 1) or die; print qq(up\\n); sleep 1000'; for i in $(seq 100); do ss -Htln sport = :8099 | grep -q . && break; sleep 0.05; done",
    files: { "port.container": `${TOOLS}PublishPort=8099:80\n` },
    unit: "port.service",
    says: /8099.*(taken|in use)/,
    after: "systemctl stop holder",
  },
  {
    what: "an address outside of the subnet, in files",
    files: {
      "small.network": "[Network]\nSubnet=10.92.0.0/24\n",
      "outside.container": `${TOOLS}Network=small.network\nIP=10.93.0.5\n`,
    },
    unit: "outside.service",
    says: /outside\.container:\d+:\d+: error: .*10\.93\.0\.5/,
  },
  {
    what: "an address outside of the subnet, of a network by name",
    before: "berth network create --subnet 10.94.0.0/24 named",
    files: { "away.container": `${TOOLS}Network=named\nIP=10.95.0.5\n` },
    unit: "away.service",
    says: /10\.95\.0\.5 is outside of network named/,
    after: "berth network rm named",
  },
  {
    what: "a network that no file makes",
    files: { "lost.container": `${TOOLS}Network=bakc.network\n`, "back.network": "[Network]\n" },
    unit: "lost.service",
    says: /lost\.container:5:9: error: .*bakc\.network.* not found \(did you mean "back\.network"\?\)/,
  },
  {
    what: "a network that does not exist",
    files: { "nowhere.container": `${TOOLS}Network=nowhere\n` },
    unit: "nowhere.service",
    says: /network nowhere: no such network|no network.*nowhere|network nowhere does not exist/,
  },
  {
    what: "an address range without a free address",
    before:
      "berth network create --subnet 10.96.0.0/30 tiny && berth run -d --name only --network tiny --stop-signal KILL " +
      `${sample("tools:1")} sleep 1000`,
    files: { "full.container": `${TOOLS}Network=tiny\n` },
    unit: "full.service",
    says: /no free address in 10\.96\.0\.0\/30 of network tiny/,
    after: "berth stop only && berth network rm tiny",
  },
  {
    what: "files that need one another in a circle",
    files: {
      "one.container": `[Unit]\nRequires=two.container\nAfter=two.container\n${TOOLS}`,
      "two.container": `[Unit]\nRequires=one.container\nAfter=one.container\n${TOOLS}`,
    },
    unit: "one.service",
    says: /error: .*(circle|loop|cycle).*two\.container/,
  },
  {
    what: "a bad map of user ids",
    files: { "map.container": `${TOOLS}UIDMap=0:100000:70000 5:400000:10\n` },
    unit: "map.service",
    says: /map\.container:5:\d+: error: .*id 5 is mapped by another/,
  },
];

describeOnSuites("both", "a mistake is told in one line of the unit's status, and leaves nothing, on %s:", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  for (const { what, files, unit, says, before, after } of MISTAKES) {
    hostTest(what, async () => {
      if (before !== undefined) await host.sh(before);
      const had = await leftovers(host);
      try {
        await install(host, files);
        expect((await host.run(["systemctl", "start", unit])).exitCode).toBe(1);
        const status = await host.statusOf(unit);
        expect(status).toMatch(says);
        // Once: neither repeated nor buried in consequences.
        const logged = status.split("\n").filter((line) => /^\w+ +\d+ [0-9:]+ /.test(line));
        expect(logged.filter((line) => says.test(line))).toHaveLength(1);
        expect(await leftovers(host)).toBe(had);
      } finally {
        await host.run(["systemctl", "stop", unit]);
        await host.sh(
          `cd /etc/containers/systemd; rm ${Object.keys(files).join(" ")}; ${after ?? "true"}; systemctl daemon-reload; systemctl reset-failed`,
        );
      }
      expect(await leftovers(host)).toBe("");
    });
  }

  hostTest("a volume that is in use", async () => {
    await install(host, { "user.container": `${TOOLS}Volume=precious:/data\nNetwork=none\n` });
    await host.ok(["systemctl", "start", "user"]);
    const { exitCode, stderr } = await host.run(["berth", "volume", "rm", "precious"]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^berth: error: .*precious.*in use.*\n$/),
    });
    expect(await host.ok(["berth", "volume", "ls", "--quiet"])).toBe("precious");
    await host.ok(["systemctl", "stop", "user"]);
    await host.ok(["berth", "volume", "rm", "precious"]);
    expect(await leftovers(host)).toBe("");
  });

  newestHostTest(suite, "is judged by berth check as a start judges it", async () => {
    const lines = JUDGED.map(({ name, key, value }) => {
      const network = key === "Network" ? "" : "Network=none\n";
      return [name, `[Container]\nImage=${sample("tools:1")}\n${network}${key}=${value}\n`] as const;
    });
    await host.sh("mkdir -p /tmp/judged");
    for (const [name, text] of lines) await host.write(`/tmp/judged/${name}.container`, text);
    const { stdout } = await host.run(["berth", "check", "/tmp/judged"]);
    const refused = new Set([...stdout.matchAll(/([a-z0-9]+)\.container:\d+:\d+: error: /g)].map(([, name]) => name));
    const differ: string[] = [];
    const left = [...JUDGED];
    const judge = async () => {
      for (let it = left.pop(); it !== undefined; it = left.pop()) {
        const { name, key, flag, value } = it;
        const network = key === "Network" ? [] : ["--network=none"];
        const words = ["berth", "run", ...network, `--${flag}=${value}`, sample("tools:1"), "true"];
        const { exitCode, stderr } = await host.run(words);
        if ((exitCode !== 0) !== refused.has(name)) differ.push(`${key}=${value}: ${exitCode} ${stderr}`);
      }
    };
    await Promise.all([judge(), judge(), judge()]);
    expect(differ).toEqual([]);
    // Both kinds are among them.
    expect(refused.size).toBeGreaterThan(30);
    expect(JUDGED.length - refused.size).toBeGreaterThan(30);
  });
});
