import type { Host } from "../../test/host/host.ts";
import { sample } from "../../test/host/registry.ts";
import type { Row } from "./table.ts";

/** The number of pods, and of containers in each. */
const PODS = 20;
const MEMBERS = 3;

/** Distinguishes the payloads' processes from all others. */
const MARK = "sleep 1000001";

/** Writes the pods of both engines into folders of their own, each with a target that starts them all. */
export async function writePods(host: Host): Promise<void> {
  const payload = `/bin/sh -c "trap 'exit 0' TERM; ${MARK} & wait"`;
  for (const engine of ["berth", "podman"]) {
    const wants: string[] = [];
    for (let pod = 1; pod <= PODS; pod++) {
      const name = `${engine}-${pod}`;
      await host.write(`/bench/pods/${engine}/${name}.pod`, "[Pod]\n");
      wants.push(`Wants=${name}-pod.service`);
      for (let member = 1; member <= MEMBERS; member++) {
        const text = `[Container]\nImage=${sample("tools:1")}\nPull=never\nPod=${name}.pod\nExec=${payload}\n`;
        await host.write(`/bench/pods/${engine}/${name}-${member}.container`, text);
        wants.push(`Wants=${name}-${member}.service`);
      }
    }
    const after = wants.map((line) => line.replace("Wants=", "After="));
    const target = `[Unit]\n${[...wants, ...after].join("\n")}\n`;
    await host.write(`/etc/systemd/system/${engine}-pods.target`, target);
  }
  await host.sh(`mkdir -p /run/systemd/system /run/early /run/late
    QUADLET_UNIT_DIRS=/bench/pods/berth /usr/local/lib/systemd/system-generators/berth-generator /run/systemd/system /run/early /run/late
    QUADLET_UNIT_DIRS=/bench/pods/podman /usr/libexec/podman/quadlet /run/systemd/system
    systemctl daemon-reload`);
}

/** The cost of both engines' pods besides their payloads: the time of the start, processes and their memory. */
export async function measurePods(host: Host): Promise<Row[]> {
  const time: Record<string, number> = {};
  const processes: Record<string, number> = {};
  const memory: Record<string, number> = {};
  for (const engine of ["berth", "podman"]) {
    // A process of the engine is one that came with the start, is none of this shell's, and has no payload's words.
    const out = await host.sh(
      `ls /proc | grep -x '[0-9]*' | sort > /run/before
      from=$EPOCHREALTIME
      systemctl start ${engine}-pods.target || true
      to=$EPOCHREALTIME
      up=0
      for unit in $(systemctl show --value --property=Wants ${engine}-pods.target); do
        systemctl is-active --quiet $unit && up=$((up + 1))
      done
      sleep 1
      count=0; sum=0
      for pid in $(ls /proc | grep -x '[0-9]*' | sort | comm -13 /run/before -); do
        cmp -s /proc/$pid/cgroup /proc/self/cgroup && continue
        words=$(tr '\\0' ' ' < /proc/$pid/cmdline 2> /dev/null) || continue
        case $words in '' | *'${MARK}'*) continue ;; esac
        kb=$(awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup) || continue
        count=$((count + 1)); sum=$((sum + kb))
      done
      systemctl stop ${engine}-pods.target '${engine}-*-pod.service' || true
      systemctl reset-failed || true
      echo "$(( \${to/./} - \${from/./} )) $up $count $sum"`,
      { timeout: 240_000 },
    );
    const [micros = 0, up = 0, count = 0, kilobytes = 0] = out.split(" ").map(Number);
    const all = PODS * (MEMBERS + 1);
    if (up !== all) process.stderr.write(`${engine}: only ${up} of ${all} services of pods are up\n`);
    // A failed engine has no result; a failed peer keeps its own, as its users have the same.
    const shown = up !== all && engine === "berth" ? Number.NaN : 1;
    time[engine] = (shown * micros) / 1e6;
    processes[engine] = shown * count;
    memory[engine] = shown * kilobytes;
  }
  const what = `${PODS} pods of ${MEMBERS}`;
  const once = (values: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(values).map(([column, value]) => [column, [value]]));
  const goals: Row["goals"] = [{ column: "berth", limit: 0 }];
  return [
    { what: `${what}, start`, unit: "s", rounds: once(time) },
    { what: `${what}, processes beside payloads`, unit: "", rounds: once(processes), goals },
    { what: `${what}, their memory`, unit: "kB", rounds: once(memory), goals },
  ];
}
