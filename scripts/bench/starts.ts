import type { Host } from "../../test/host/host.ts";
import { inRounds, measureBy, scaled } from "./rounds.ts";
import type { Row } from "./table.ts";
import { ENGINES, MANY } from "./units.ts";

const START = ["wall", "cpu", "stopWall", "stopCpu"] as const;

/** Starts and stops of one unit. Processor time is that of systemd and of all units, until 0.3 s after the command. */
export async function measureStarts(host: Host, rounds: number): Promise<Row[]> {
  const measure = (unit: string) =>
    measureBy(
      host,
      START,
      `before=$(cpu); from=$(now); systemctl start ${unit}; to=$(now)
      sleep 0.3; after=$(cpu); systemctl is-active --quiet ${unit}
      stopping=$(now); systemctl stop ${unit}; stopped=$(now)
      sleep 0.3; last=$(cpu)
      echo $((to - from)) $((after - before)) $((stopped - stopping)) $((last - after))`,
    );
  const rows: Row[] = [];
  for (const network of ["host", "bridge"]) {
    const bare = network === "host" ? ["trivial", "bare-runc", "bare-crun"] : [];
    const columns = [...bare, ...ENGINES];
    const isEngine = (column: string) => ENGINES.some((engine) => engine === column);
    const results = await inRounds(rounds, columns, START, (column) =>
      measure(isEngine(column) ? `${column}-${network}` : column),
    );
    const isHost = network === "host";
    const name = isHost ? "host network" : "bridge";
    const row = (what: string, field: (typeof START)[number], goals: Row["goals"] = []): Row => ({
      what: `${what}, ${name}`,
      unit: "ms",
      rounds: scaled(results[field], 1 / 1000),
      goals,
    });
    rows.push(
      row(
        "start",
        "wall",
        isHost ? HOST_GOALS : [{ column: "berth-crun", of: "podman", factor: 0.42, moonshot: 0.35 }],
      ),
      row("CPU of a start", "cpu", isHost ? CPU_GOALS : []),
      row("stop", "stopWall"),
      row("CPU of a stop", "stopCpu", isHost ? [{ column: "berth-crun", limit: 65, moonshot: 50 }] : []),
    );
  }
  return rows;
}

const HOST_GOALS: Row["goals"] = [
  { column: "berth-crun", of: "bare-runc", factor: 0.85, moonshot: 0.74 },
  { column: "berth-runc", of: "bare-runc", factor: 1.2, moonshot: 1.1 },
];

const CPU_GOALS: Row["goals"] = [
  { column: "berth-crun", limit: 60, moonshot: 50 },
  { column: "berth-runc", limit: 120, moonshot: 105 },
];

const EXEC = ["wall"] as const;

/** A command in a running container. */
export async function measureExec(host: Host, rounds: number): Promise<Row[]> {
  const units = ENGINES.map((engine) => `${engine}-host`).join(" ");
  await host.sh(`systemctl start ${units}`);
  const results = await inRounds(rounds, ENGINES, EXEC, (engine) => {
    const command = `${engine === "podman" ? "podman" : "berth"} exec systemd-${engine}-host /bin/true`;
    return measureBy(host, EXEC, `from=$(now); ${command}; to=$(now); echo $((to - from))`);
  });
  await host.sh(`systemctl stop ${units}`);
  const goals: Row["goals"] = [{ column: "berth-crun", of: "podman", factor: 0.25, moonshot: 0.2 }];
  return [{ what: "exec", unit: "ms", rounds: scaled(results.wall, 1 / 1000), goals }];
}

const MANY_FIELDS = ["wall", "stop", "up"] as const;
const MANY_GOALS: Readonly<Record<string, readonly [factor: number, moonshot: number]>> = {
  host: [0.32, 0.25],
  bridge: [0.35, 0.25],
};

/** {@link MANY} containers at once. A start that leaves some of berth's down has no result. */
export async function measureMany(host: Host, rounds: number, network: "host" | "bridge"): Promise<Row[]> {
  const results = await inRounds(rounds, ENGINES, MANY_FIELDS, async (engine) => {
    const units = `${engine}-${network}-`;
    const measured = await measureBy(
      host,
      MANY_FIELDS,
      `from=$(now); systemctl start ${units}many.target || true; to=$(now)
      up=0; for n in $(seq ${MANY}); do systemctl is-active --quiet ${units}$n && up=$((up + 1)); done
      stopping=$(now); systemctl stop ${units}many.target '${units}*.service' || true; stopped=$(now)
      systemctl reset-failed || true
      echo $((to - from)) $((stopped - stopping)) $up`,
      180_000,
    );
    // A peer keeps its time, as its users wait for as long.
    if (measured.up < MANY && engine !== "podman") throw new Error(`only ${measured.up} of ${MANY} are up`);
    return measured;
  });
  const [factor = 0, moonshot = 0] = MANY_GOALS[network] ?? [];
  const stop: Row["goals"] =
    network === "bridge" ? [{ column: "berth-crun", of: "podman", factor: 0.6, moonshot: 0.4 }] : [];
  const start: Row["goals"] = [{ column: "berth-crun", of: "podman", factor, moonshot }];
  const what = `${MANY} containers, ${network}`;
  return [
    { what: `${what}, start`, unit: "s", rounds: scaled(results.wall, 1e-6), goals: start },
    { what: `${what}, stop`, unit: "s", rounds: scaled(results.stop, 1e-6), goals: stop },
    { what: `${what}, up`, unit: "", rounds: results.up },
  ];
}

const MEMORY = ["kilobytes", "processes"] as const;

/** The resident memory of all processes that a started unit has beside its payload. */
export async function measureMemory(host: Host): Promise<Row[]> {
  const results = await inRounds(1, ENGINES, MEMORY, (engine) =>
    measureBy(
      host,
      MEMORY,
      `ls /proc | grep -x '[0-9]*' | sort > /run/before
      systemctl start ${engine}-host
      sleep 0.5
      sum=0 count=0
      for pid in $(ls /proc | grep -x '[0-9]*' | sort | comm -13 /run/before -); do
        tr '\\0' ' ' < /proc/$pid/cmdline 2> /dev/null | grep -qE 'conmon|berth|runc|crun|podman|pasta|aardvark' || continue
        kb=$(awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup) && sum=$((sum + kb)) count=$((count + 1))
      done
      systemctl stop ${engine}-host
      echo $sum $count`,
    ),
  );
  const goals: Row["goals"] = [
    { column: "berth-runc", limit: 0 },
    { column: "berth-crun", limit: 0 },
  ];
  return [
    { what: "memory beside a payload", unit: "kB", rounds: results.kilobytes, goals },
    { what: "processes beside a payload", unit: "", rounds: results.processes, goals },
  ];
}
