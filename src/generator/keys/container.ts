import { checkCapability } from "../../options/values/capability.ts";
import { checkEntrypoint, checkEnvironmentName, checkNamedValue } from "../../options/values/command.ts";
import { checkImageName } from "../../options/values/image-name.ts";
import { checkMount } from "../../options/values/mount.ts";
import {
  checkContainerName,
  checkHostName,
  checkServiceName,
  checkUser,
  checkUserAndGroup,
} from "../../options/values/name.ts";
import { checkNetwork } from "../../options/values/network.ts";
import { checkContainerPath, checkTimezone } from "../../options/values/path.ts";
import { checkExposedPort } from "../../options/values/port.ts";
import { checkPull } from "../../options/values/pull.ts";
import { checkPidsLimit, checkSysctl, checkUlimit } from "../../options/values/resource.ts";
import { checkSignal } from "../../options/values/signal.ts";
import { checkMemory, checkSize } from "../../options/values/size.ts";
import { checkStopTimeout } from "../../options/values/time.ts";
import { checkTmpfs } from "../../options/values/tmpfs.ts";
import { checkVolume } from "../../options/values/volume.ts";
import { networkingRows, retryRows, userNamespaceRows } from "./common.ts";
import { keyTable, later, podmanOnly, supported } from "./key.ts";

/** `[Container]`: Quadlet's keys for a container, podman-systemd.unit(5). */
export const CONTAINER_KEYS = keyTable([
  supported("AddCapability", "words", "Capabilities added to the default set, or all", "CAP_NET_ADMIN CAP_SYS_TIME", {
    check: checkCapability,
    flag: "cap-add",
  }),
  later("AddDevice", "words", "Device of the host, with its path inside and permissions", "/dev/fuse:/dev/fuse:rw"),
  supported("Annotation", "map", "OCI annotations", "org.example.team=web", {
    check: checkNamedValue,
    flag: "annotation",
  }),
  later("AppArmor", "string", "AppArmor profile, or unconfined", "unconfined", "5.8"),
  later("AutoUpdate", "string", "Where a newer image is looked for: registry or local", "registry"),
  later("CgroupsMode", "string", "Where the container's cgroup is made", "split"),
  supported("ContainerName", "string", "Name of the container (default systemd-%N, or systemd-%p_%i)", "web", {
    check: checkContainerName,
    flag: "name",
  }),
  ...podmanOnly(),
  ...networkingRows(),
  ...retryRows(),
  ...userNamespaceRows(),
  supported("DropCapability", "words", "Capabilities taken away, or all; AddCapability= comes on top", "all", {
    check: checkCapability,
    flag: "cap-drop",
  }),
  supported(
    "Entrypoint",
    "string",
    "Replaces the image's entrypoint: a command or a JSON array; empty clears it",
    "/bin/sh",
    {
      check: checkEntrypoint,
      flag: "entrypoint",
    },
  ),
  supported(
    "Environment",
    "map",
    "Variables for the container; a bare NAME is passed on from the service",
    '"GREETING=good day"',
    {
      check: checkEnvironmentName,
      flag: "env",
    },
  ),
  supported(
    "EnvironmentFile",
    "exec-words",
    "Files of NAME=VALUE lines; relative to this file's folder",
    "/etc/web.env",
    {
      flag: "env-file",
    },
  ),
  supported("EnvironmentHost", "boolean", "Pass on the service's whole environment", "no", { flag: "env-host" }),
  supported(
    "Exec",
    "command",
    "Arguments after the image: replace its command, follow its entrypoint",
    "serve --port 80",
  ),
  supported("ExposeHostPort", "lines", "Port, or range of ports, that the container listens on", "8080/tcp", {
    check: checkExposedPort,
    flag: "expose",
  }),
  supported("Group", "string", "Group inside the container; only with User=", "www-data", { check: checkUser }),
  later("GroupAdd", "lines", "Supplementary group, or keep-groups", "keep-groups"),
  later("HealthCmd", "string", "Command that tells whether the container is healthy", "/usr/bin/check"),
  later("HealthInterval", "string", "Time between health checks", "30s"),
  later("HealthLogDestination", "string", "Where the results of health checks are kept", "local"),
  later("HealthMaxLogCount", "string", "How many results of health checks are kept", "5"),
  later("HealthMaxLogSize", "string", "How many characters of a health check's output are kept", "500"),
  later("HealthOnFailure", "string", "What an unhealthy container leads to", "kill"),
  later("HealthRetries", "string", "Failed health checks in a row that make the container unhealthy", "3"),
  later("HealthStartPeriod", "string", "Time in which failed health checks do not count", "1min"),
  later("HealthStartupCmd", "string", "Health check for the time of starting up", "/usr/bin/check-started"),
  later("HealthStartupInterval", "string", "Time between start-up checks", "30s"),
  later("HealthStartupRetries", "string", "Failed start-up checks before a restart", "8"),
  later("HealthStartupSuccess", "string", "Successful start-up checks that are needed", "2"),
  later("HealthStartupTimeout", "string", "Time a start-up check may take", "30s"),
  later("HealthTimeout", "string", "Time a health check may take", "30s"),
  supported("HostName", "string", "Host name inside the container", "web.example.com", {
    check: checkHostName,
    flag: "hostname",
  }),
  later("HttpProxy", "boolean", "Pass on the proxy variables of the service", "no", "5.7"),
  supported("Image", "string", "Image to run; a full name is recommended", "registry.example/web:1", {
    check: checkImageName,
  }),
  supported("Label", "map", "Labels", "org.example.stage=test", { flag: "label" }),
  later("LogDriver", "string", "Where output goes; berth's containers write to the journal themselves", "journald"),
  later("LogOpt", "words", "Option of the log driver", "tag=web"),
  later("Mask", "exec-words", "Paths to hide, separated by colons", "/proc/sys/foo:/proc/sys/bar"),
  supported("Memory", "string", "Most memory the container may use: MemoryMax= of the service", "512m", {
    since: "5.5",
    check: checkMemory,
  }),
  supported(
    "Mount",
    "exec-words",
    "A mount: type=bind, volume, image, glob, tmpfs, ramfs or devpts",
    "type=bind,source=/srv,destination=/srv,ro",
    {
      check: checkMount,
      flag: "mount",
    },
  ),
  supported(
    "Network",
    "lines",
    "A .network file or a network's name, with options; bridge, host, none, container:NAME, ns:PATH",
    "host",
    { check: checkNetwork, flag: "network" },
  ),
  supported("NoNewPrivileges", "boolean", "Never let the container's processes gain privileges", "yes"),
  supported("Notify", "string", "true: the payload itself tells systemd when it is ready", "true"),
  supported(
    "PidsLimit",
    "string",
    "Most tasks the container may have: TasksMax= of the service; -1 for no limit",
    "512",
    {
      check: checkPidsLimit,
    },
  ),
  supported("Pod", "string", "Pod that the container is part of: the name of a .pod file", "web.pod", { flag: "pod" }),
  supported("PodmanArgs", "exec-words", "More flags for berth run, which takes podman's", "--tty"),
  supported("Pull", "string", "When the image is pulled: missing (the default), always, never or newer", "newer", {
    check: checkPull,
    flag: "pull",
  }),
  supported("ReadOnly", "boolean", "Read-only root file system", "yes", { flag: "read-only" }),
  supported(
    "ReadOnlyTmpfs",
    "boolean",
    "With ReadOnly=: writable tmpfs on /run, /tmp and /var/tmp (default yes)",
    "no",
    {
      flag: "read-only-tmpfs",
    },
  ),
  later(
    "ReloadCmd",
    "command",
    "Command run in the container for systemctl reload",
    "/usr/sbin/nginx -s reload",
    "5.5",
  ),
  later("ReloadSignal", "string", "Signal sent to the container for systemctl reload", "SIGHUP", "5.5"),
  later("Rootfs", "string", "Folder with a root file system, instead of an image", "/var/lib/machines/web"),
  supported("RunInit", "boolean", "Run a minimal init as the container's first process", "yes", { flag: "init" }),
  later("SeccompProfile", "string", "Seccomp profile, or unconfined", "/etc/web-seccomp.json"),
  later("Secret", "exec-words", "Secret for the container", "token,type=env,target=TOKEN"),
  later("SecurityLabelDisable", "boolean", "Turn SELinux separation off", "yes"),
  later("SecurityLabelFileType", "string", "SELinux type of the container's files", "usr_t"),
  later("SecurityLabelLevel", "string", "SELinux level", "s0:c1,c2"),
  later("SecurityLabelNested", "boolean", "Let SELinux labels work inside the container", "yes"),
  later("SecurityLabelType", "string", "SELinux type of the container's processes", "spc_t"),
  supported("ServiceName", "string", "Name of the service, without .service", "shop", { check: checkServiceName }),
  supported("ShmSize", "string", "Size of /dev/shm (default 64m)", "100m", { check: checkSize, flag: "shm-size" }),
  supported("StartWithPod", "boolean", "Start the container together with its pod (default yes)", "no"),
  supported("StopSignal", "string", "Signal that asks the container to stop: KillSignal= of the service", "SIGINT", {
    check: checkSignal,
  }),
  supported("StopTimeout", "string", "Seconds before SIGKILL: TimeoutStopSec= of the service (default 10)", "30", {
    check: checkStopTimeout,
  }),
  supported("Sysctl", "words", "Kernel parameters of the container's own namespaces", "net.ipv4.ip_forward=1", {
    check: checkSysctl,
    flag: "sysctl",
  }),
  supported("Timezone", "string", "Time zone inside the container, or local", "Europe/Prague", {
    check: checkTimezone,
    flag: "tz",
  }),
  supported("Tmpfs", "lines", "A tmpfs: folder[:options]", "/cache:size=64m", { check: checkTmpfs, flag: "tmpfs" }),
  supported("Ulimit", "lines", "Resource limit: type=soft[:hard], or host", "nofile=1000:10000", {
    check: checkUlimit,
    flag: "ulimit",
  }),
  later("Unmask", "exec-words", "Paths to show that are hidden otherwise, or ALL", "ALL"),
  supported("User", "string", "User inside the container", "www-data", { check: checkUserAndGroup, flag: "user" }),
  supported("VolatileTmp", "boolean", "A tmpfs on /tmp; Tmpfs=/tmp has taken its place", "yes"),
  supported(
    "Volume",
    "lines",
    "Host path or named volume: SOURCE:DESTINATION[:OPTIONS]",
    "/srv/www:/usr/share/www:ro",
    {
      check: checkVolume,
      flag: "volume",
    },
  ),
  supported("WorkingDir", "string", "Working directory inside the container", "/srv", {
    check: checkContainerPath,
    flag: "workdir",
  }),
]);
