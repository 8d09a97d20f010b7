/** Something that a payload sees differently under podman and berth, on purpose. */
export interface Difference {
  readonly what: string;
  readonly podman: string;
  readonly berth: string;
  readonly reason: string;
  /** The lines of `show` that are podman's alone, and those that are berth's alone. */
  readonly podmanLines?: RegExp;
  readonly berthLines?: RegExp;
}

/** All of them: the page in docs/ is made from this table, and the comparison knows no other. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: "`search` in resolv.conf, with two networks",
    podman: "`dns.podman dns.podman`",
    berth: "`dns.podman`",
    reason: "Once is enough.",
    podmanLines: /^resolv: search dns\.podman dns\.podman$/,
    berthLines: /^resolv: search dns\.podman$/,
  },
  {
    what: "The variable `container`",
    podman: "`podman`",
    berth: "`oci`",
    reason:
      "berth is not podman, and `oci` is systemd's word for a container of no particular engine. As /run/.containerenv is there too, systemd-detect-virt says `podman` in both.",
    podmanLines: /^environment: container=podman$/,
    berthLines: /^environment: container=oci$/,
  },
  {
    what: "Standard output and error",
    podman: "pipes to conmon, which writes to the journal",
    berth: "the journal's own stream sockets",
    reason:
      "No process stands between the payload and the journal. A socket cannot be opened by name, though; hence the next line.",
    podmanLines: /^fds: [12] pipe:$/,
    berthLines: /^fds: [12] socket:$/,
  },
  {
    what: "/dev/stdout and /dev/stderr, unless Type=oneshot",
    podman: "links to /proc/self/fd/1 and 2",
    berth: "a pipe to the journal",
    reason: "It can be opened, which a socket cannot: see “Opening /dev/stdout” below.",
    podmanLines: /^(dev|modes): \/dev\/std(out|err) /,
    berthLines: /^(dev|modes|mounts): \/dev\/std(out|err) /,
  },
  {
    what: "Size of /dev/shm, if ShmSize= does not say",
    podman: "64,000 KiB",
    berth: "64 MiB (65,536 KiB)",
    reason: "64m is what podman-run(1) promises and Docker gives.",
    podmanLines: /^mounts: \/dev\/shm .* size=64000k$/,
    berthLines: /^mounts: \/dev\/shm .* size=65536k$/,
  },
  {
    what: "Mode of the root of an image, if its archives do not say",
    podman: "0555",
    berth: "0755",
    reason: "What Docker and umoci give. It tells only for root without CAP_DAC_OVERRIDE.",
    podmanLines: /^modes: \/(\w+\/(image|writable))? 0555 0:0$/,
    berthLines: /^modes: \/(\w+\/(image|writable))? 0755 0:0$/,
  },
  {
    what: "A volume with Driver=image",
    podman: "an overlay over the image",
    berth: "a copy of the image's content, made with the volume",
    reason:
      "Nothing is mounted on the host, so each container would mount an overlay of its own, and two of them over the same files would damage them. The image can be removed, and the volume exported.",
    podmanLines: /^mounts: \/data\/image overlay rw,nosuid,nodev,relatime$/,
    berthLines: /^mounts: \/data\/image \w+ rw,nosuid,nodev,relatime\b/,
  },
  {
    what: "Addresses on the default bridge",
    podman: "10.88.0.0/16",
    berth: "10.87.0.0/16",
    reason: "Both can run on one host.",
    podmanLines: /^subnet: 10\.88\.0\.0\/16$/,
    berthLines: /^subnet: 10\.87\.0\.0\/16$/,
  },
  {
    what: "WorkingDir= that the image has not",
    podman: "the container does not start; the image's own WORKDIR is made, and is the user's",
    berth: "either is made, and is root's",
    reason: "As Docker does.",
    podmanLines: /^modes: \/not\/there 0755 1000:1000$/,
    berthLines: /^modes: \/not\/there 0755 0:0$/,
  },
  {
    what: "The init program (RunInit=)",
    podman: "/run/podman-init",
    berth: "/run/berth-init",
    reason: "The same program, catatonit, under either engine's name.",
    podmanLines: /^(mounts|modes|init): (\/run\/)?podman-init\b/,
    berthLines: /^(mounts|modes|init): (\/run\/)?berth-init\b/,
  },
  {
    what: "/etc/passwd and /etc/group for User= by number, with ReadOnly=true",
    podman: "copies with the missing entry, mounted read-only over the image's",
    berth: "the image's own, with the entry added in the container's layer",
    reason: "Two mounts less; what is in the files is the same.",
    podmanLines: /^(mounts|modes): \/etc\/(passwd|group) /,
  },
  {
    what: "The host's environment (EnvironmentHost=true)",
    podman:
      "with PODMAN_SYSTEMD_UNIT, NOTIFY_SOCKET, SYSTEMD_EXEC_PID, TMPDIR; a user's with MANAGERPID, XDG_CONFIG_HOME and three names that begin with _CONTAINERS, too",
    berth: "without",
    reason:
      "They are systemd's and podman's words to podman itself. The paths and process IDs in them mean nothing in the container.",
    podmanLines:
      /^environment: (PODMAN_SYSTEMD_UNIT|NOTIFY_SOCKET|SYSTEMD_EXEC_PID|TMPDIR|MANAGERPID|XDG_CONFIG_HOME|_CONTAINERS_\w+)=/,
  },
  {
    what: "The way to systemd (Notify=true)",
    podman: "the folder /run/notify is mounted, with a socket of podman's",
    berth: "/run/notify/notify.sock is mounted, a socket whose messages berth hands on",
    reason:
      "All that concerns the service itself reaches systemd, so READY, STATUS, WATCHDOG, RELOADING and FDSTORE all work. NOTIFY_SOCKET is the same.",
    podmanLines: /^(mounts|modes): \/run\/notify /,
    berthLines: /^(mounts|modes): \/run\/notify\/notify\.sock /,
  },
  {
    what: "WATCHDOG_USEC and WATCHDOG_PID (Notify=true with WatchdogSec=)",
    podman: "not passed on",
    berth: "passed on",
    reason: "The payload can keep the watchdog quiet, and nobody else does.",
    berthLines: /^environment: WATCHDOG_(USEC|PID)=/,
  },
  {
    what: "Owner of /dev/mqueue in a user namespace",
    podman: "root of the container",
    berth: "the user that berth runs as, who may be nobody inside",
    reason:
      "berth makes the user namespace before runc does its work, since the network belongs to it. Everybody may use the folder, and what is made in it is its maker's.",
    podmanLines: /^(dev|modes): \/dev\/mqueue (folder )?1777 0:/,
    berthLines: /^(dev|modes): \/dev\/mqueue (folder )?1777 /,
  },
  {
    what: "Groups of another user in a user's container with UserNS=keep-id",
    podman: "with the user's own group",
    berth: "without",
    reason: "User= says who the payload is, here as anywhere.",
    podmanLines: /^groups: 0 1000$/,
    berthLines: /^groups: 0$/,
  },
  {
    what: "Owner of a named volume that is empty still",
    podman: "set anew for each container that mounts it",
    berth: "set once, when it is made",
    reason: "What one container's user owns is not taken away by the next container.",
    podmanLines: /^modes: \/home\/app\/below 0755 0:0$/,
    berthLines: /^modes: \/home\/app\/below 0755 4321:1000$/,
  },
  {
    what: "/sys in pods with a user namespace of their own",
    podman:
      "the cgroup tree is writable, and root's of the host; in a user's pod /sys is the host's, with /sys/kernel masked",
    berth: "as in any other container",
    reason: "berth's pods own their network namespace within their user namespace, so both are mounted as always.",
    podmanLines:
      /^(mounts: \/sys\/fs\/cgroup cgroup2 rw,|modes: \/sys\/fs\/cgroup |(mounts|modes): \/sys\/kernel |interfaces: up0$)/,
  },
  {
    what: "Room in /etc/hosts, /etc/hostname, /etc/resolv.conf, /etc/localtime and /run/.containerenv",
    podman: "as much as there is in the host's /run",
    berth: "16 MiB for them all, and each container has its own; a pod's /etc/hosts is below",
    reason: "A payload that writes on and on would fill the host's /run, and all services of the host would fail.",
    podmanLines: /^room: \S+ mode=\d+( size=\d+k)?$/,
    berthLines: /^room: \S+ mode=755 size=16384k$/,
  },
  {
    what: "/etc/hosts in pods",
    podman: "writable",
    berth: "read-only",
    reason:
      "All containers of the pod have this one file, since names are added as they start, so it could not be bounded.",
    podmanLines: /^mounts: \/etc\/hosts tmpfs rw,nosuid,nodev,relatime$/,
    berthLines: /^mounts: \/etc\/hosts tmpfs ro,nosuid,nodev,noexec,relatime$/,
  },
  {
    what: "The name of a pod's infra container in /etc/hosts",
    podman: "after the pod's own name",
    berth: "none",
    reason: "No container stands for a pod.",
    podmanLines: /^hosts: \S+\t\S+ systemd-\w+-infra$/,
    berthLines: /^hosts: \S+\t(systemd-(plain|network|upasta)|box\.example systemd-full)$/,
  },
  {
    what: "A user's container on bridges with published ports",
    podman: "the ports come in by the bridge, from a proxy, rootlessport",
    berth: "a further interface, pasta0, by which they come in",
    reason: "No proxy stands between: the payload sees the real address of who connects.",
    berthLines: /^(interfaces: pasta0|mtus: pasta0 \d+|routes: multicast ff00::\/8 dev pasta0 metric 256)$/,
  },
  {
    what: "A container's name in its /etc/hosts, with pasta",
    podman: "at its first address",
    berth: "at its IPv6 address as well",
    reason: "As in all other networks.",
    berthLines: /^hosts: 2001:db8:77::5\t/,
  },
];
