import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, IS_SOAK } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";
import type { Suite } from "./root.ts";

const COUNT = 100;
/** How often all of them are killed: a round is a hundred starts, and of two rounds one kills the starts too. */
const ROUNDS: Readonly<Record<Suite, number>> = IS_SOAK ? { bookworm: 3, trixie: 10 } : { bookworm: 2, trixie: 2 };

const MEMBER = `[Container]
Image=${sample("tools:1")}
Network=hundred.network
Exec=sleep 10000
StopSignal=KILL
[Unit]
StartLimitIntervalSec=0
[Service]
Restart=always
RestartSec=100ms
TimeoutStartSec=5min
`;

describeOnSuites("both", "a hundred containers on one bridge on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    const members = Array.from({ length: COUNT }, (_, index) => `member@${index}.service`);
    await install(host, {
      "hundred.network": "[Network]\nSubnet=10.99.0.0/24\n",
      "member@.container": MEMBER,
      "hundred.target": `[Unit]\n${members.map((name) => `Wants=${name}\n`).join("")}`,
    });
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  /** The payloads' process ids, of the units that are up and have been restarted at least this often. */
  async function up(restarts: number): Promise<string[]> {
    const text = await host.ok(["systemctl", "show", "--property=ActiveState,MainPID,NRestarts", "member@*.service"]);
    return text.split("\n\n").flatMap((unit) => {
      const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";
      const pid = value("MainPID");
      return value("ActiveState") === "active" && pid !== "0" && Number(value("NRestarts")) >= restarts ? [pid] : [];
    });
  }

  async function allUp(restarts: number): Promise<string[]> {
    return until(
      `all to be up after ${restarts} restarts`,
      async () => {
        const pids = await up(restarts);
        if (pids.length === COUNT) return pids;
        await Bun.sleep(200);
        return undefined;
      },
      180_000,
    );
  }

  /** Every container's addresses as its kernel knows them. */
  async function addresses(pids: readonly string[]): Promise<string[]> {
    const tables = pids.map((pid) => `/proc/${pid}/net/fib_trie`);
    const local = "/\\|--/ { at = $2 } /32 host LOCAL/ && at !~ /^127[.]/ { print FILENAME, at }";
    const out = await host.sh(`awk '${local}' ${tables.join(" ")} | sort -u`);
    return out.split("\n").map((line) => line.split(" ")[1] ?? line);
  }

  /** As many addresses as containers, and no two alike. */
  async function eachHasItsOwn(pids: readonly string[]): Promise<void> {
    const found = await addresses(pids);
    expect([found.length, new Set(found).size]).toEqual([COUNT, COUNT]);
  }

  hostTest(
    "come up, all of them and each time, with an address of their own, and leave nothing",
    async () => {
      await host.ok(["systemctl", "start", "hundred.target"], { timeout: 180_000 });
      let pids = await allUp(0);
      for (let round = 1; round <= ROUNDS[suite]; round++) {
        await host.ok(["kill", "-KILL", ...pids]);
        // Every second time, those that are being started again are killed too: launchers, netavark and runc.
        if (round % 2 === 0) {
          await Bun.sleep(1000);
          await host.sh(
            "cat /sys/fs/cgroup/system.slice/system-member.slice/*/cgroup.procs | xargs -r kill -KILL || true",
          );
        }
        pids = await allUp(round);
        await eachHasItsOwn(pids);
      }
      const leases = await host.sh("find /run/berth/networks -path '*/leases/*' ! -name 'last*' | wc -l");
      expect(leases.trim()).toBe(String(COUNT));
      await host.ok(["systemctl", "stop", "hundred.target", "member@*.service"], { timeout: 180_000 });
      expect(await leftovers(host)).toBe("");
      // The network itself stays: its definition, and nothing of any container in the firewall or with the name server.
      expect(
        await host.sh(
          "{ iptables-save; nft list ruleset; } 2> /dev/null | grep -E '10[.]99[.]0[.][0-9]+([^/0-9]|/32)' || true",
        ),
      ).toBe("");
      expect(await host.sh("pgrep --list-name aardvark-dns || true")).toBe("");
    },
    600_000,
  );
});
