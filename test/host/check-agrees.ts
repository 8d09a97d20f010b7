/**
 * Values of keys, each with the flag that carries it: `berth check` and a start have to say the same of them. What the
 * machine or the image decides (a user, a limit, a file) is not among them: a file may be checked elsewhere.
 */
const VALUES: Readonly<Record<string, { readonly flag: string; readonly values: readonly string[] }>> = {
  AddCapability: { flag: "cap-add", values: ["NET_ADMIN", "cap_net_admin", "all", "NET_ADMN", "-1"] },
  AddHost: { flag: "add-host", values: ["a:192.0.2.1", "a;b:192.0.2.1", "a:host-gateway", "a", "a:b", ":192.0.2.1"] },
  Annotation: { flag: "annotation", values: ["a=b", "a=", "=b"] },
  ContainerName: { flag: "name", values: ["agrees", "_agrees", "a/b", "..", "a b"] },
  DropCapability: { flag: "cap-drop", values: ["all", "CHOWN", "NOSUCH"] },
  Environment: { flag: "env", values: ["A=1", "A=", "A B=1"] },
  HostName: { flag: "hostname", values: ["box", "box.example", "-", "a..b", "x".repeat(65)] },
  Mount: {
    flag: "mount",
    values: [
      "type=tmpfs,destination=/t",
      "type=tmpfs,destination=t",
      "type=tmpfs,destination=/",
      "type=tmpfs,destination=/proc",
      "type=tmpfs,destination=/t,tmpfs-size=x",
      "type=bind,destination=/t",
      "type=nosuch,destination=/t",
      "type=devpts,destination=/t",
    ],
  },
  Network: { flag: "network", values: ["none", "host", "nosuch:x", "ns:relative", "container:"] },
  ReadOnly: { flag: "read-only", values: ["true", "false", "maybe"] },
  RunInit: { flag: "init", values: ["false", "perhaps"] },
  ShmSize: { flag: "shm-size", values: ["64m", "0", "-1", "64mb", "64 m", "x"] },
  StopSignal: { flag: "stop-signal", values: ["TERM", "sigterm", "15", "RTMIN+3", "0", "99", "NOSUCH"] },
  StopTimeout: { flag: "stop-timeout", values: ["5", "0", "-1", "5s", "x"] },
  Sysctl: {
    flag: "sysctl",
    values: [
      "net.core.somaxconn=100",
      "net/core/somaxconn=100",
      "kernel.shmmax=4096",
      "kernel.hostname=a",
      "vm.swappiness=1",
      "net.core.somaxconn",
      "=1",
    ],
  },
  Timezone: { flag: "tz", values: ["local", "/etc/localtime", "../UTC", "Europe/../UTC", "a b"] },
  Tmpfs: { flag: "tmpfs", values: ["/t", "/t:size=1m", "/t:size=x", "/t:nosuch", "t", "/", "/dev"] },
  Ulimit: {
    flag: "ulimit",
    values: ["nofile=100:200", "nofile=20:10", "nofile=x", "nosuch=1", "host", "core=0", "nofile"],
  },
  Volume: {
    flag: "volume",
    values: ["/t", "/srv:/t:ro", "/srv:/t:nosuch", "/srv:t", "/srv:/", "/srv:/proc", "a/b:/t"],
  },
  WorkingDir: { flag: "workdir", values: ["/t", "t", "/t/../u", "/"] },
};

/** One value of the table; `name` is for a file. */
export interface Judged {
  readonly name: string;
  readonly key: string;
  readonly flag: string;
  readonly value: string;
}

export const JUDGED: readonly Judged[] = Object.entries(VALUES).flatMap(([key, { flag, values }]) =>
  values.map((value, at) => ({ name: `${key.toLowerCase()}${at}`, key, flag, value })),
);
