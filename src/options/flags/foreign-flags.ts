/** What takes the place of flags of podman's and docker's, by the flag's name. */
const INSTEAD: Readonly<Record<string, string>> = {
  "cgroup-parent": "Slice= in [Service] of a container file does that",
  "cgroup-conf": "directives of systemd.resource-control(5) in [Service] do that",
  cgroups: "leave it out: a container is in its unit's cgroup",
  cidfile: "leave it out: the unit has its container, and berth run --detach prints the ID",
  "conmon-pidfile": "leave it out: there is no monitor, and a unit's main process is the container's",
  "cpu-shares": "CPUWeight= in [Service] of a container file does that",
  cpus: "CPUQuota= in [Service] of a container file does that",
  "cpuset-cpus": "AllowedCPUs= in [Service] of a container file does that",
  link: "containers of one network find each other by name",
  memory: "MemoryMax= in [Service] of a container file does that",
  "memory-reservation": "MemoryLow= in [Service] of a container file does that",
  "memory-swap": "MemorySwapMax= in [Service] of a container file does that",
  "oom-score-adj": "OOMScoreAdjust= in [Service] of a container file does that",
  pidfile: "leave it out: a unit's main process is the container's (MainPID)",
  "pids-limit": "TasksMax= in [Service] of a container file does that",
  "publish-all": "publish the ports one by one: -p PORT",
  timeout: "RuntimeMaxSec= in [Service] of a container file does that",
};

/** Flags of podman's and docker's that nothing takes the place of. */
const OTHERS =
  "attach blkio-weight blkio-weight-device cgroupns chrootdirs cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpuset-mems detach-keys device device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops disable-content-trust domainname env-merge gpus group-add group-entry health-cmd health-interval health-log-destination health-max-log-count health-max-log-size health-on-failure health-retries health-start-interval health-start-period health-startup-cmd health-startup-interval health-startup-retries health-startup-success health-startup-timeout health-timeout hosts-file hostuser image-volume init-ctr init-path intel-rdt-clos-id ipc isolation kernel-memory label-file log-opt memory-swappiness no-healthcheck no-hostname no-hosts oom-kill-disable passwd passwd-entry personality pid pod-id-file preserve-fd preserve-fds privileged rdt-class requires rmi rootfs secret shm-size-systemd sig-proxy storage-opt systemd umask unsetenv unsetenv-all use-api-socket uts volume-driver volumes-from infra infra-command infra-conmon-pidfile infra-image infra-name pod-id-file";

/** One-letter forms. */
const SHORT: Readonly<Record<string, string>> = { a: "attach", c: "cpu-shares", m: "memory", P: "publish-all" };

let known: ReadonlySet<string> | undefined;

/**
 * What is known of a flag that berth lacks, by its name without dashes: undefined if no other engine has it either, so
 * that it may be a typing error; else what does the same, if anything does.
 */
export function foreignFlag(name: string): { readonly hint?: string } | undefined {
  const long = name.length === 1 && Object.hasOwn(SHORT, name) ? (SHORT[name] ?? name) : name;
  const hint = Object.hasOwn(INSTEAD, long) ? INSTEAD[long] : undefined;
  if (hint !== undefined) return { hint };
  known ??= new Set(OTHERS.split(" "));
  return known.has(long) ? {} : undefined;
}
