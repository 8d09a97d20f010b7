import type { Host } from "../../test/host/host.ts";
import { sample } from "../../test/host/registry.ts";

/** The number of containers in the targets that start many at once. */
export const MANY = 40;

/** The engines whose containers are compared. */
export const ENGINES = ["berth-runc", "berth-crun", "podman"] as const;
export type Engine = (typeof ENGINES)[number];

const NETWORKS = ["host", "bridge"] as const;

/** A payload that does nothing, and ends at once on its stop signal. */
const PAYLOAD = `/bin/sh -c "trap 'exit 0' TERM; sleep 1000000 & wait"`;

/** The text of a container's file. `more` is lines of its [Container] section. */
export function containerFile(engine: Engine, network: string, more = ""): string {
  const berth = engine === "podman" ? "" : `[Berth]\nRuntime=${engine === "berth-crun" ? "crun" : "runc"}\n`;
  const lines = `Image=${sample("tools:1")}\nNetwork=${network}\nPull=never\nExec=${PAYLOAD}\n${more}`;
  return `[Container]\n${lines}${berth}`;
}

/** Runs both generators, each over a folder of its own: of the usual one both would make the same units. */
export async function generate(host: Host, berth: string, podman?: string): Promise<void> {
  await host.sh(`mkdir -p /run/systemd/system /run/early /run/late
    QUADLET_UNIT_DIRS=${berth} /usr/local/lib/systemd/system-generators/berth-generator /run/systemd/system /run/early /run/late
    ${podman === undefined ? ":" : `QUADLET_UNIT_DIRS=${podman} /usr/libexec/podman/quadlet /run/systemd/system`}
    systemctl daemon-reload`);
}

/** Writes the units of all columns. */
export async function writeUnits(host: Host): Promise<void> {
  await host.write("/etc/systemd/system/trivial.service", "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n");
  for (const runtime of ["runc", "crun"]) {
    const bare = [
      `[Service]\nType=forking\nPIDFile=/run/bare-${runtime}.pid\nKillSignal=SIGKILL\nDelegate=yes`,
      `ExecStart=${runtime} run --detach --pid-file /run/bare-${runtime}.pid --bundle /bench/bundle bare-${runtime}`,
      `ExecStopPost=${runtime} delete --force bare-${runtime}\n`,
    ];
    await host.write(`/etc/systemd/system/bare-${runtime}.service`, bare.join("\n"));
  }
  for (const engine of ENGINES) {
    const folder = `/bench/${engine === "podman" ? "podman" : "berth"}`;
    for (const network of NETWORKS) {
      await host.write(`${folder}/${engine}-${network}.container`, containerFile(engine, network));
      const wants: string[] = [];
      for (let n = 1; n <= MANY; n++) {
        await host.write(`${folder}/${engine}-${network}-${n}.container`, containerFile(engine, network));
        wants.push(`Wants=${engine}-${network}-${n}.service`);
      }
      const target = `[Unit]\n${wants.join("\n")}\n${wants.join("\n").replaceAll("Wants=", "After=")}\n`;
      await host.write(`/etc/systemd/system/${engine}-${network}-many.target`, target);
    }
  }
  await generate(host, "/bench/berth", "/bench/podman");
  await writeBareBundle(host);
}

/**
 * The bundle of the bare runtimes: unpacked by umoci, with the very config.json that berth gives them, so that the
 * columns differ in the engine and not in what the container is (its seccomp profile alone costs runc several ms).
 */
async function writeBareBundle(host: Host): Promise<void> {
  await host.sh(`cd /bench && skopeo copy -q --src-tls-verify=false docker://${sample("tools:1")} oci:image:tools
    umoci unpack --image image:tools bundle 2> /dev/null
    systemctl start berth-runc-host.service
    made=$(echo /run/berth/containers/*/)
    find "$made" -maxdepth 1 -type f -exec cp {} bundle/ \\;
    # Its /etc/hosts and the like are in a file system that only the container's mount namespace has.
    mkdir bundle/files
    root=/proc/$(systemctl show -P MainPID berth-runc-host.service)/root
    cp "$root"/etc/{hosts,hostname,resolv.conf} bundle/files/
    cp "$root/run/.containerenv" bundle/files/containerenv
    sed -i "s#\${made%/}#/bench/bundle#g" bundle/config.json
    # What is mounted on /dev/stdout is there only while the unit runs.
    sed -i 's#"source":"/run/berth/log/[^"]*"#"source":"/dev/null"#g' bundle/config.json
    perl -0pi -e 's/"cgroupsPath":"[^"]*",?//' bundle/config.json
    systemctl stop berth-runc-host.service`);
}
