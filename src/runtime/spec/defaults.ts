/**
 * The defaults of every container, as data. The values are podman's, so a container finds the same surroundings under
 * either; docs/compatibility.md lists the differences.
 */
import type { SpecDeviceRule, SpecMount } from "./runtime-spec.ts";

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Kernel interfaces that show or control the whole machine. */
export const MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/fs/selinux",
];

/** Masked as well where /sys is the host's: debugfs, tracefs and the like are mounted there. */
export const HOST_SYS_MASKED_PATHS: readonly string[] = ["/sys/kernel"];

export const READONLY_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Sysctls of the container's own network namespace: ping without CAP_NET_RAW, for root's group (containers.conf). */
export const NETWORK_SYSCTLS: Readonly<Record<string, string>> = { "net.ipv4.ping_group_range": "0 0" };

/** The most open files and processes; podman's default for root. */
export const DEFAULT_RLIMIT = 1048576;

/** Proxy settings of the launching environment that containers inherit, in both cases. */
export const PROXY_VARIABLES: readonly string[] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy"].flatMap(
  (name) => [name, name.toUpperCase()],
);

/** Mount options of berth's own files (hosts, resolv.conf…) in a container with a read-only root. */
export const READONLY_FILE_OPTIONS: readonly string[] = ["ro", "nosuid", "noexec", "nodev"];

/** The kernel's file systems, in mount order. */
export const KERNEL_MOUNTS: readonly SpecMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"],
  },
];

/**
 * The device rules of the container's cgroup: nothing but the pseudo-devices that an OCI runtime makes, terminals, and
 * mknod of any kind (making a node gives no access to it).
 */
export const DEVICE_RULES: readonly SpecDeviceRule[] = [
  { allow: false, access: "rwm" },
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 7, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 8, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 9, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 0, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 1, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 2, access: "rwm" },
  { allow: true, type: "c", major: 136, access: "rwm" },
];
