import { file, symlink } from "../image/support/tar.ts";
import { type Answer, CANARY, each, type HostileImages } from "./hostile-image.ts";
import { fifo, GROUP, OUT, PASSWD } from "./hostile-image-places.ts";

/** Images whose configuration is what no honest tool writes. */

const refused = (why: string): Answer => ({ refused: why });
const unpulled = (why: string): Answer => ({ unpulled: why });
const prints = (text: string | RegExp): Answer => ({ prints: text });
const FAILS: Answer = { fails: "" };

const NO_USER = refused("no user ");
const NO_GROUP = refused("no group ");
const USERS = each<string>(
  "user",
  [
    ...["../..", "-1", "4294967295", " 0", "0x0", "toor\n0", ":", "9".repeat(20), "app\0", "%s", "$(id)"].map(
      (user) => [user, NO_USER] as const,
    ),
    ...["0,1", "+0", "é", "0 ", ":0", "\x1b[31m", "/etc/passwd"].map((user) => [user, NO_USER] as const),
    ...["root:root:root", "0:../../etc", "app:nobody", "0:-1", "0:4294967295"].map((user) => [user, NO_GROUP] as const),
    ["0:", prints("0\n0\n")],
    ["app:0", prints("1000\n0\n")],
    ["1000:app", prints("1000\n1000\n")],
    ["00", prints("0\n0\n")],
    ["4294967294", prints("4294967294\n0\n")],
  ],
  (User) => ({ members: [PASSWD, GROUP], config: { User }, command: ["sh", "-c", "id -u; id -g"] }),
);

/** CVE-2024-21626: what the OCI runtime has open leads to the host. */
const OPEN = refused("is a process's own");
const RELATIVE = refused("is not an absolute path");
const WORKDIRS = each<string>(
  "workdir",
  [
    ...["/proc/self/fd/3", "/proc/self/fd/7", "/proc/thread-self/fd/8/..", "/proc/1/root/x", "/proc/self/cwd"].map(
      (path) => [path, OPEN] as const,
    ),
    ["/w/8/../..", OPEN],
    ...["evil", `../..${CANARY}/evil`, ".", " /"].map((path) => [path, RELATIVE] as const),
    [`/../../..${CANARY}/evil`, prints(`${CANARY}/evil\n`)],
    ["/a\0b", unpulled("WorkingDir holds a NUL byte")],
    ["/a\nb", prints("/a\nb\n")],
    ...["/proc", "/sys/fs/cgroup", "/dev/shm", "/"].map((path) => [path, prints(`${path}\n`)] as const),
    ...["", "//", "/./"].map((path) => [path, prints("/\n")] as const),
    ["/x/".repeat(1000), prints(/^(?:\/x){1000}\n$/)],
    ...["/a/evil", "/etc/passwd", `/${"n".repeat(256)}`, "/dev/fd/7"].map((path) => [path, FAILS] as const),
  ],
  (WorkingDir) => ({
    members: [OUT, PASSWD, GROUP, symlink("w", "/proc/self/fd")],
    config: { WorkingDir },
    command: ["sh", "-c", "pwd; [ ! -e file ] || cat file"],
  }),
);

const COMMANDS = each<Record<string, unknown>>(
  "command",
  [
    [{ Cmd: [""] }, refused("not an executable file")],
    [{}, refused("no command")],
    [{ Entrypoint: "/bin/id" }, unpulled("Entrypoint is not an array")],
    [{ Cmd: ["/bin/id\0x"] }, unpulled("Cmd holds a NUL byte")],
    [{ Cmd: ["/etc"] }, refused("/etc: not an executable file")],
    // CVE-2019-5736: the program that the payload is becomes the OCI runtime's own.
    [{ Cmd: ["/proc/self/exe", "--version"] }, FAILS],
    [{ Entrypoint: ["/bin/self"] }, FAILS],
    [{ Entrypoint: ["/bin/script"] }, FAILS],
    [{ Entrypoint: [`${CANARY}/file`] }, refused("no such program")],
    [{ Entrypoint: ["/a/file"] }, refused("no such program")],
    [{ Entrypoint: [`../../..${CANARY}/file`] }, refused("no such program")],
    [{ Entrypoint: ["/proc/self/fd/7"] }, FAILS],
    [{ Entrypoint: ["/bin/fifo"] }, refused("/bin/fifo: not an executable file")],
    [{ Entrypoint: ["/bin/loop"] }, refused("/bin/loop: no such program")],
    [{ Cmd: ["echo", "a".repeat(200_000)] }, FAILS],
    [{ Entrypoint: ["/bin/elf"] }, FAILS],
    [{ Entrypoint: ["true"], Cmd: Array.from({ length: 3000 }, () => "x") }, prints("")],
  ],
  (config) => ({
    members: [
      ...[OUT, symlink("bin/self", "/proc/self/exe"), fifo("bin/fifo"), symlink("bin/loop", "loop")],
      file("bin/script", "#!/proc/self/exe\n", { mode: 0o755 }),
      file("bin/elf", "\x7fELF\x02\x01\x01", { mode: 0o755 }),
    ],
    config: { Entrypoint: null, Cmd: null, ...config },
    command: [],
  }),
);

const PLAIN = prints(" oci\n");
const ENVIRONMENTS = each<readonly string[]>(
  "environment",
  [
    [["A"], PLAIN],
    [["", "=x"], PLAIN],
    [["A=b\0c"], unpulled("Env holds a NUL byte")],
    [["A=b\nLISTEN_FDS=3"], prints("b LISTEN_FDS=3 oci\n")],
    [["LD_PRELOAD=/x", "PATH=/canary:/bin:/usr/bin", "HOME=\x1b[31m"], PLAIN],
    [["PATH="], PLAIN],
    [["NOTIFY_SOCKET=/run/x", "LISTEN_FDS=5", "LISTEN_PID=1", "LISTEN_FDNAMES=a"], PLAIN],
    [
      ["_LIBCONTAINER_INITPIPE=3", "_LIBCONTAINER_LOGPIPE=5", "_LIBCONTAINER_INITTYPE=setns", "GOTRACEBACK=crash"],
      PLAIN,
    ],
    [["BERTH_USER_NAMESPACE=1", "BUN_OPTIONS=--preload=/x", "BERTH_UNIT=x"], PLAIN],
    [Array.from({ length: 2000 }, (_, at) => `A${at}=x`), PLAIN],
    [["A=1", "A=2"], prints("2 oci\n")],
    [["container=host", "HOSTNAME=x", "TERM=y"], prints(" host\n")],
    [[`A=${"x".repeat(2_500_000)}`], FAILS],
  ],
  (Env) => ({ config: { Env }, command: ["/bin/sh", "-c", 'echo "$(echo $A)" $container'] }),
);

const TEXTS: HostileImages = {
  "labels-escape": { config: { Labels: { "\x1b[31mred\nX": "\x1b]0;title\x07\x9b2J" } } },
  "labels-many": { config: { Labels: Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`l${at}`, "x"])) } },
  "labels-of-objects": { config: { Labels: { ["__proto__"]: "x", constructor: "y", toString: "z" } } },
  "ports-odd": { config: { ExposedPorts: { "99999/tcp": {}, "80/xyz": {}, "-1": {}, "": {}, "\x1b[2J": {} } } },
  "health-check": { config: { Healthcheck: { Test: ["CMD-SHELL", `touch ${CANARY}/evil`], Interval: -1 } } },
  ...each<string>("stop-signal", [["9; rm -rf /"], ["SIGRTMIN+99"], ["\x1b[31m"], ["-1"]], (StopSignal) => ({
    config: { StopSignal },
  })),
  ...each<Record<string, unknown>>(
    "top",
    [
      [{ created: "\x1b[31m2020" }],
      [{ created: "9999999999999" }],
      [{ author: "\x1b[31m" }],
      [{ variant: "\x1b[2J" }],
      [{ os: "windows" }, unpulled("the image is for windows")],
      [{ os: "linux\n" }, unpulled("the image is for linux")],
      [{ rootfs: null }, unpulled("rootfs")],
      [{ rootfs: { type: "layers", diff_ids: [] } }, unpulled("4 layers in the manifest, 0 in the configuration")],
      [{ rootfs: { type: "layers", diff_ids: ["sha256:../../x"] } }, unpulled("not a sha256 digest")],
      [
        { rootfs: { type: "layers", diff_ids: Array.from({ length: 14_000 }, () => `sha256:${"a".repeat(64)}`) } },
        unpulled("more than 500"),
      ],
      [{ config: [] }, unpulled("config is not an object")],
      [{ config: "x" }, unpulled("config is not an object")],
      [{ config: null }],
      [{ history: "x" }],
      [{ history: [{ empty_layer: "no" }] }],
    ],
    (top) => ({ top }),
  ),
};

const TYPES = each<readonly [name: string, value: unknown]>(
  "type",
  [
    ...[
      ["Env", "x"],
      ["Env", { A: "b" }],
      ["Cmd", {}],
      ["Cmd", "id"],
    ].map(([name, value]) => [[String(name), value], unpulled(`${name} is not an array`)] as const),
    ...[
      ["Env", [1]],
      ["Entrypoint", [[]]],
      ["Entrypoint", [null]],
    ].map(([name, value]) => [[String(name), value], unpulled(`${name} holds something else than strings`)] as const),
    ...[
      ["Labels", []],
      ["Volumes", []],
      ["Volumes", ["/v"]],
      ["ExposedPorts", 3],
      ["ExposedPorts", ["80"]],
    ].map(([name, value]) => [[String(name), value], unpulled(`${name} is not an object`)] as const),
    ...[
      ["WorkingDir", 5],
      ["User", {}],
      ["User", 0],
      ["StopSignal", 9],
    ].map(([name, value]) => [[String(name), value], unpulled(`${name} is not a string`)] as const),
    [["Labels", { a: 1 }], unpulled("Labels.a is not a string")],
    ...[
      ["Volumes", { "/v": 5 }],
      ["Healthcheck", 5],
      ["__proto__", { x: 1 }],
      ["Shell", "x"],
      ["OnBuild", 5],
    ].map(([name, value]) => [[String(name), value]] as const),
  ],
  ([name, value]) => ({ config: Object.fromEntries([[name, value]]) }),
);

export const CONFIGURED: HostileImages = {
  ...USERS,
  ...WORKDIRS,
  ...COMMANDS,
  ...ENVIRONMENTS,
  ...TEXTS,
  ...TYPES,
};
