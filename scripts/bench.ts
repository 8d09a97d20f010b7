import { parseArgs } from "node:util";
import { bootHost, type Host } from "../test/host/host.ts";
import { sample, startRegistry } from "../test/host/registry.ts";
import { measurePods, writePods } from "./bench-pods.ts";
import { type Budget, formatTable, median, type Row } from "./bench-table.ts";

/** The number of containers in the target that starts many at once. */
const MANY = 40;
const UNIT_COUNTS = [1, 100, 500];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "11" },
    only: { type: "string", default: "start,many,memory,pods,generator,pull" },
  },
});
const rounds = Number(values.rounds);
const only = new Set(values.only.split(","));
const progress = (what: string) => process.stderr.write(`${what} …\n`);

/** A payload that does nothing, and ends at once on its stop signal. */
const PAYLOAD = `/bin/sh -c "trap 'exit 0' TERM; sleep 1000000 & wait"`;

function containerFile(network: string): string {
  return `[Container]\nImage=${sample("tools:1")}\nNetwork=${network}\nPull=never\nExec=${PAYLOAD}\n`;
}

/**
 * Writes the units of all columns. Each engine's generator is run by hand over a folder of its own: in the folder that
 * both look at, both would write the same units.
 */
async function writeUnits(host: Host): Promise<void> {
  await host.write("/etc/systemd/system/trivial.service", "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n");
  const bare = [
    "[Service]\nType=forking\nPIDFile=/run/bare.pid\nKillSignal=SIGKILL\nDelegate=yes",
    "ExecStart=runc run --detach --pid-file /run/bare.pid --bundle /bench/bundle bare",
    "ExecStopPost=runc delete --force bare\n",
  ];
  await host.write("/etc/systemd/system/bare-runc.service", bare.join("\n"));
  for (const engine of ["berth", "podman"]) {
    for (const network of ["host", "bridge"]) {
      await host.write(`/bench/${engine}/${engine}-${network}.container`, containerFile(network));
      const wants: string[] = [];
      for (let n = 1; n <= MANY; n++) {
        await host.write(`/bench/${engine}/${engine}-${network}-${n}.container`, containerFile(network));
        wants.push(`Wants=${engine}-${network}-${n}.service`);
      }
      const target = `[Unit]\n${wants.join("\n")}\n${wants.join("\n").replaceAll("Wants=", "After=")}\n`;
      await host.write(`/etc/systemd/system/${engine}-${network}-many.target`, target);
    }
  }
  await host.sh(`mkdir -p /run/systemd/system /run/early /run/late
    QUADLET_UNIT_DIRS=/bench/berth /usr/local/lib/systemd/system-generators/berth-generator /run/systemd/system /run/early /run/late
    QUADLET_UNIT_DIRS=/bench/podman /usr/libexec/podman/quadlet /run/systemd/system
    systemctl daemon-reload`);
  await writeBareBundle(host);
}

/**
 * The bundle of the bare runc unit: unpacked by umoci, with the very config.json that berth gives runc, so that the
 * columns differ in the engine and not in what the container is (its seccomp profile alone costs runc several ms).
 */
async function writeBareBundle(host: Host): Promise<void> {
  await host.sh(`cd /bench && skopeo copy -q --src-tls-verify=false docker://${sample("tools:1")} oci:image:tools
    umoci unpack --image image:tools bundle 2> /dev/null
    systemctl start berth-host.service
    made=$(echo /run/berth/containers/*/)
    find "$made" -maxdepth 1 -type f -exec cp {} bundle/ \\;
    # Its /etc/hosts and the like are in a file system that only the container's mount namespace has.
    mkdir bundle/files
    root=/proc/$(systemctl show -P MainPID berth-host.service)/root
    cp "$root"/etc/{hosts,hostname,resolv.conf} bundle/files/
    cp "$root/run/.containerenv" bundle/files/containerenv
    sed -i "s#\${made%/}#/bench/bundle#g" bundle/config.json
    # What is mounted on /dev/stdout is there only while the unit runs.
    sed -i 's#"source":"/run/berth/log/[^"]*"#"source":"/dev/null"#g' bundle/config.json
    perl -0pi -e 's/"cgroupsPath":"[^"]*",?//' bundle/config.json
    systemctl stop berth-host.service`);
}

interface Start {
  /** Of `systemctl start`, in milliseconds. */
  readonly wall: number;
  /** Of systemd and of all units together, in milliseconds, until half a second after the start. */
  readonly cpu: number;
}

async function measureStart(host: Host, unit: string): Promise<Start> {
  const out = await host.sh(`cpu() { cat /sys/fs/cgroup/{init.scope,system.slice,machine.slice}/cpu.stat 2> /dev/null |
      awk '$1 == "usage_usec" { sum += $2 } END { print sum }' || true; }
    before=$(cpu); from=$EPOCHREALTIME
    systemctl start ${unit}
    to=$EPOCHREALTIME; sleep 0.5; after=$(cpu)
    systemctl is-active --quiet ${unit}
    systemctl stop ${unit}
    echo "$(( \${to/./} - \${from/./} )) $(( after - before ))"`);
  const [wall = 0, cpu = 0] = out.split(" ").map(Number);
  return { wall: wall / 1000, cpu: cpu / 1000 };
}

/** One round is one start of each unit, so that whatever else the machine does meets all columns alike. */
async function measureStarts(host: Host): Promise<Row[]> {
  const units = ["trivial", "bare-runc", "berth-host", "podman-host", "berth-bridge", "podman-bridge"];
  const starts = new Map<string, Start[]>(units.map((unit) => [unit, []]));
  const broken = new Map<string, string>();
  for (let round = -1; round < rounds; round++) {
    for (const unit of units) {
      if (broken.has(unit)) continue;
      try {
        const start = await measureStart(host, `${unit}.service`);
        // The first round warms the caches of all columns and is not counted.
        if (round >= 0) starts.get(unit)?.push(start);
      } catch (error) {
        broken.set(unit, error instanceof Error ? error.message : String(error));
        progress(`${unit}: ${broken.get(unit)}\n${await host.journal(`${unit}.service`)}`);
        await host.run(["systemctl", "stop", unit]);
      }
    }
  }
  const of = (unit: string, field: keyof Start) => median((starts.get(unit) ?? []).map((start) => start[field]));
  const columns = (field: keyof Start, network: "host" | "bridge") => ({
    berth: of(`berth-${network}`, field),
    podman: of(`podman-${network}`, field),
    ...(network === "host" ? { trivial: of("trivial", field), runc: of("bare-runc", field) } : {}),
  });
  const startBudget: Budget = { of: "runc", factor: 1.25 };
  return [
    { what: "start, host network", unit: "ms", values: columns("wall", "host"), budget: startBudget },
    { what: "start, bridge", unit: "ms", values: columns("wall", "bridge"), budget: { of: "podman", factor: 0.55 } },
    { what: "CPU of a start, host network", unit: "ms", values: columns("cpu", "host"), budget: { limit: 50 } },
    { what: "CPU of a start, bridge", unit: "ms", values: columns("cpu", "bridge") },
  ];
}

async function measureMany(host: Host, network: string): Promise<Row> {
  const value: Record<string, number> = {};
  for (const engine of ["berth", "podman"]) {
    const units = `${engine}-${network}-`;
    const out = await host.sh(
      `from=$EPOCHREALTIME
      systemctl start ${units}many.target || true
      to=$EPOCHREALTIME
      up=0; for n in $(seq ${MANY}); do systemctl is-active --quiet ${units}$n && up=$((up + 1)); done
      systemctl stop ${units}many.target '${units}*.service' || true
      systemctl reset-failed || true
      echo "$(( \${to/./} - \${from/./} )) $up"`,
      { timeout: 180_000 },
    );
    const [micros = 0, up = 0] = out.split(" ").map(Number);
    value[engine] = micros / 1e6;
    if (up !== MANY) progress(`${engine}, ${network}: only ${up} of ${MANY} are up`);
    // A failed engine has no time; a failed peer keeps its own, as its users wait for as long.
    if (up !== MANY && engine === "berth") value[engine] = Number.NaN;
  }
  return { what: `${MANY} containers, ${network}`, unit: "s", values: value, budget: { of: "podman", factor: 0.3 } };
}

/** The resident memory of all processes that a started unit has beside its payload. */
async function measureMemory(host: Host): Promise<Row> {
  const value: Record<string, number> = {};
  for (const engine of ["berth", "podman"]) {
    // The payload is what has the container's root; everything else that came with the start is the engine's.
    const out = await host.sh(`ls /proc | grep -x '[0-9]*' | sort > /run/before
      systemctl start ${engine}-host
      sleep 0.5
      sum=0
      for pid in $(ls /proc | grep -x '[0-9]*' | sort | comm -13 /run/before -); do
        tr '\\0' ' ' < /proc/$pid/cmdline 2> /dev/null | grep -qE 'conmon|berth|runc|podman|pasta|aardvark' || continue
        kb=$(awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup) && sum=$((sum + kb))
      done
      systemctl stop ${engine}-host
      echo $sum`);
    value[engine] = Number(out);
  }
  return { what: "memory beside a payload", unit: "kB", values: value, budget: { limit: 0 } };
}

async function measureGenerators(host: Host): Promise<Row[]> {
  const generators = {
    berth: "/usr/local/lib/systemd/system-generators/berth-generator /tmp/out /tmp/out /tmp/out",
    podman: "/usr/libexec/podman/quadlet /tmp/out",
  };
  const limits = [12, 20, 50];
  const rows: Row[] = [];
  for (const [at, count] of UNIT_COUNTS.entries()) {
    await host.sh("rm -rf /bench/units; mkdir -p /bench/units");
    for (let n = 0; n < count; n++) await host.write(`/bench/units/unit-${n}.container`, containerFile("host"));
    const times: Record<string, number[]> = { berth: [], podman: [] };
    for (let round = -1; round < rounds; round++) {
      for (const [engine, command] of Object.entries(generators)) {
        const micros = await host.sh(`rm -rf /tmp/out; mkdir /tmp/out; export QUADLET_UNIT_DIRS=/bench/units
          from=$EPOCHREALTIME; ${command} 2> /dev/null; to=$EPOCHREALTIME
          test "$(ls /tmp/out | grep -c '^unit-')" = ${count}; echo $(( \${to/./} - \${from/./} ))`);
        if (round >= 0) times[engine]?.push(Number(micros) / 1000);
      }
    }
    const value = { berth: median(times.berth ?? []), podman: median(times.podman ?? []) };
    rows.push({
      what: `generator, ${count} unit${count === 1 ? "" : "s"}`,
      unit: "ms",
      values: value,
      budget: { limit: limits[at] ?? 0 },
    });
  }
  return rows;
}

/** An image with one layer of many files: the host's own /usr. Pulled and removed again in turn. */
async function measurePull(host: Host): Promise<Row> {
  const image = "127.0.0.1:5000/large:1";
  await host.sh(
    `cd /bench && c=$(STORAGE_DRIVER=vfs buildah from scratch) && export STORAGE_DRIVER=vfs
    m=$(buildah mount $c) && cp -a /usr "$m" && buildah umount $c > /dev/null
    buildah commit -q --rm $c large > /dev/null && buildah push -q --tls-verify=false large docker://${image}
    buildah rmi -af > /dev/null`,
    { timeout: 600_000 },
  );
  const times: Record<string, number[]> = { berth: [], podman: [] };
  for (let round = 0; round < 3; round++) {
    for (const engine of ["berth", "podman"]) {
      const micros = await host.sh(
        `from=$EPOCHREALTIME; ${engine} pull ${image} > /dev/null 2>&1; to=$EPOCHREALTIME
        ${engine} rmi ${image} > /dev/null; echo $(( \${to/./} - \${from/./} ))`,
        { timeout: 300_000 },
      );
      times[engine]?.push(Number(micros) / 1e6);
    }
  }
  const value = { berth: median(times.berth ?? []), podman: median(times.podman ?? []) };
  return { what: "pull and unpack a large layer", unit: "s", values: value, budget: { of: "podman", factor: 1 } };
}

progress("booting a trixie host");
const host = await bootHost({ suite: "trixie", storage: "disk" });
const rows: Row[] = [];
/** Reports a part that cannot run, and still runs the others. */
async function part(name: string, measure: () => Promise<Row[]>): Promise<void> {
  if (!only.has(name)) return;
  progress(`measuring: ${name}`);
  try {
    rows.push(...(await measure()));
  } catch (error) {
    progress(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
try {
  await startRegistry(host);
  await host.ok(["podman", "pull", "--quiet", sample("tools:1")], { timeout: 120_000 });
  await host.ok(["berth", "pull", sample("tools:1")], { timeout: 120_000 });
  await writeUnits(host);
  await part("start", () => measureStarts(host));
  await part("many", async () => [await measureMany(host, "host"), await measureMany(host, "bridge")]);
  await part("memory", async () => [await measureMemory(host)]);
  await part("pods", async () => {
    await writePods(host);
    return measurePods(host);
  });
  await part("generator", () => measureGenerators(host));
  await part("pull", async () => [await measurePull(host)]);
} finally {
  await host.close();
}
console.log(formatTable(rows));
