/**
 * The manual's text on a key beyond its row in the table: the form of values and their effect. By section and key; a
 * test checks that the keys exist.
 */
export const KEY_NOTES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  Container: {
    Image: [
      "The image is pulled at the first start if the store does not have it (see `Pull=`); `systemctl status` shows the progress, and the start may take as long as bytes arrive.",
    ],
    ContainerName: ["Commands such as `berth exec` take this name, the service's name, and the container's ID alike."],
    AddCapability: ["Names may be written with or without `CAP_`."],
    Environment: [
      "Stronger than the files of `EnvironmentFile=`, which are stronger than the service's environment (`EnvironmentHost=`), which is stronger than the image's. A bare `PRE*` passes on all variables with that prefix.",
    ],
    Exec: [
      "Without this key the image's own command is used. Specifiers and variables are expanded by systemd, as in ExecStart=.",
    ],
    Mount: [
      "Fields are separated by commas; a field that contains one is put in double quotes. All but `tmpfs`, `ramfs` and `devpts` have a `source`, all have a `destination` (or `target`). `type=bind`: `ro`, `bind-propagation`, `bind-nonrecursive`, `relabel`, `U`, `idmap`. `type=glob`: the same; each path that the source's pattern means is mounted in the destination, or where it is on the host. `type=volume`: a volume by its name or its .volume file, with `ro`, `subpath`, `nocopy`, `U`, `idmap`, `volume-label`. `type=image`: the files of an image of the store, with `subpath`; with `rw` changes go with the container. `type=tmpfs`: `tmpfs-size`, `tmpfs-mode`, `U`, `notmpcopyup`, and options of tmpfs(5). `type=devpts`: `uid`, `gid`, `mode`, `max`.",
      "A source that begins with a dot is relative to the folder of the file.",
    ],
    Network: [
      "A `.network` file, `back.network`, or a network's name; several of them in several lines. Options follow a colon: `back.network:ip=10.89.1.5,alias=db,mac=…,interface_name=…`. `bridge`, the system's default, is the network of all who name none, on the bridge berth0.",
      "`pasta`, the default of users' containers, takes the host's addresses over. `host` shares the host's network; `none` has a loopback interface alone. `other.container` and `container:NAME` share the network of another container, `ns:PATH` is a network namespace that is there already.",
    ],
    Notify: [
      "With `false`, the default, the service counts as started when the payload's program has been executed. With `true` the container gets systemd's own notification socket: READY=1, STATUS=, WATCHDOG=1, RELOADING=1, FDSTORE=1 reach systemd directly.",
    ],
    PodmanArgs: ["The flags are those of `berth-run`(1). Others are refused when the file is read."],
    Memory: ["A directive of the same name in `[Service]` wins."],
    PidsLimit: ["At least 64: starting a container takes threads, within the same limit."],
    PublishPort: [
      "Ranges of the same length are possible on both sides: `8000-8010:80-90`. An IPv6 address is put in brackets.",
    ],
    StopSignal: ["Without this key, the signal that the image names; without that, SIGTERM."],
    Tmpfs: ["Options are those of tmpfs(5), separated by commas; nosuid and nodev are the default."],
    Volume: [
      "A source that begins with a slash or a dot is a path of the host, which has to exist; a dot is relative to the folder of the file. Any other source is a named volume in /var/lib/berth/volumes, which is made when it is first used and then gets what the image has at that place. A destination alone is a volume that goes with the container.",
      "Options are separated by commas: `ro`, `rw`, `nodev`, `nosuid`, `noexec`, `bind`, `rbind`, `shared`, `slave`, `private`, `unbindable` and their recursive forms; `U` gives everything in the source to the container's user, `idmap` lets the container's user namespace see it with its own owners; `O` puts a layer over the source that takes all changes and goes with the container, unless `upperdir=` and `workdir=` keep it; `nocopy` leaves a new volume empty, `nocreate` fails if the volume is not there; `z` and `Z` are taken and do nothing.",
    ],
    ExposeHostPort: ["A note for people; nothing is published by it."],
  },
  Berth: {
    LoginUID: [
      "The audit login uid (auid) says which person is behind a process; auditd notes it with every event. Services of the system start without one, and a process whose auid is unset may set it to any. With this key it is set before the container starts, and from then on the kernel refuses every other value, also to root in the container.",
      "With `caller` it is the auid of whoever ran `berth start`, once; started in another way, the container's auid stays unset. Services of a user's manager have that user's auid and do not take this key.",
      "An sshd in such a container cannot set the auid of those who log in: leave pam_loginuid(8) out of its PAM stack, or make it optional.",
    ],
    SocketProxy: [
      "A service `NAME-proxy.service` takes the connections of the socket and carries them to this TCP port inside the container, with systemd-socket-proxyd(8). It connects when the payload listens.",
    ],
    StopWhenIdle: [
      "A time span of systemd.time(7). The next connection starts the container again. Without this key the container runs on.",
    ],
  },
  Image: {
    Image: ["A name, or a place with a transport in front: `docker-archive:/srv/app.tar`, `oci:/srv/layout`."],
    ImageTag: ["For `docker-archive:` and its like, which have no name; the command does not change by it."],
  },
  Network: {
    Gateway: ["Belongs to the Subnet= of the same place: the first to the first, and so on; has to be in it."],
    IPRange: ["Belongs to the Subnet= of the same place and has to be in it; also written FIRST-LAST."],
    NetworkDeleteOnStop: ["Without it, the network stays, with its addresses, until `berth network rm`."],
    NetworkName: ["Of a template: `systemd-NAME-INSTANCE`."],
    Subnet: ["Without one, a free one is taken."],
  },
  Pod: {
    PodName: ["Of a template: `systemd-NAME-INSTANCE`."],
    StopTimeout: ["A container's own StopTimeout=, or TimeoutStopSec=, counts before it."],
  },
  Volume: {
    Copy: ["Yes is the default."],
    Device: [
      "With Type= it is a file system of the volume's own, as mount(8) takes it. Each container that uses the volume mounts it in its own mount namespace, so nothing is mounted on the host. A tmpfs is shared by all containers that run at the same time, and goes with the last; in a user's manager only those of one pod share it.",
    ],
    Driver: [
      "With `image`, the volume is a copy of the content of `Image=`, made when the service starts for the first time, and User= to Options= have no effect.",
    ],
    User: ["Becomes `uid=` of the mount's options; names mean nothing here, but for root."],
    Group: ["Becomes `gid=` of the mount's options; names mean nothing here, but for root."],
    VolumeName: ["Of a template: `systemd-NAME-INSTANCE`."],
  },
};
