import type { Host } from "../../test/host/host.ts";
import { inRounds, measureBy, scaled } from "./rounds.ts";
import type { Goal, Row } from "./table.ts";
import { containerFile } from "./units.ts";

const COMMANDS: Readonly<Record<string, string>> = {
  berth: "/usr/local/lib/systemd/system-generators/berth-generator /tmp/out /tmp/out /tmp/out",
  podman: "/usr/libexec/podman/quadlet /tmp/out",
};

/** Numbers of files, and what they may take: ms. */
const COUNTS: readonly (readonly [count: number, goals: readonly Goal[]])[] = [
  [1, [{ column: "berth", limit: 12, moonshot: 10 }]],
  [100, [{ column: "berth", limit: 30, moonshot: 25 }]],
  [500, [{ column: "berth", limit: 100, moonshot: 80 }]],
  [1000, []],
];

const FIELDS = ["wall", "cpu"] as const;

/** Both generators, over folders of more and more files. */
export async function measureGenerators(host: Host, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [count, goals] of COUNTS) {
    await host.sh("rm -rf /bench/units; mkdir -p /bench/units");
    const text = containerFile("podman", "host");
    for (let n = 0; n < count; n++) await host.write(`/bench/units/unit-${n}.container`, text);
    const results = await inRounds(rounds, Object.keys(COMMANDS), FIELDS, (engine) =>
      measureBy(
        host,
        FIELDS,
        `rm -rf /tmp/out; mkdir /tmp/out; export QUADLET_UNIT_DIRS=/bench/units
        TIMEFORMAT='%R %U %S'
        { time ${COMMANDS[engine]} 2> /dev/null; } 2> /run/took
        test "$(ls /tmp/out | grep -c '^unit-')" = ${count}
        awk '{ print $1 * 1000, ($2 + $3) * 1000 }' /run/took`,
      ),
    );
    const what = `generator, ${count} file${count === 1 ? "" : "s"}`;
    rows.push({ what, unit: "ms", rounds: results.wall, goals });
    rows.push({ what: `CPU of it, ${count}`, unit: "ms", rounds: results.cpu });
  }
  return rows;
}

/** An image with one layer of many files: the host's own /usr. Pulled and removed again in turn. */
export async function measurePull(host: Host, rounds: number): Promise<Row[]> {
  const image = "127.0.0.1:5000/large:1";
  await host.sh(
    `cd /bench && c=$(STORAGE_DRIVER=vfs buildah from scratch) && export STORAGE_DRIVER=vfs
    m=$(buildah mount $c) && cp -a /usr "$m" && buildah umount $c > /dev/null
    buildah commit -q --rm $c large > /dev/null && buildah push -q --tls-verify=false large docker://${image}
    buildah rmi -af > /dev/null`,
    { timeout: 600_000 },
  );
  const results = await inRounds(rounds, ["podman", "berth"], FIELDS, (engine) =>
    measureBy(
      host,
      FIELDS,
      `TIMEFORMAT='%R %U %S'
      { time ${engine} pull ${image} > /dev/null 2>&1; } 2> /run/took
      ${engine} rmi ${image} > /dev/null
      awk '{ print $1 * 1000, ($2 + $3) * 1000 }' /run/took`,
      300_000,
    ),
  );
  const goals: Row["goals"] = [{ column: "berth", of: "podman", factor: 0.3, moonshot: 0.22 }];
  return [
    { what: "pull and unpack a large layer", unit: "s", rounds: scaled(results.wall, 1 / 1000), goals },
    { what: "CPU of it", unit: "s", rounds: scaled(results.cpu, 1 / 1000) },
  ];
}
