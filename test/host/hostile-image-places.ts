import { dir, file, hardlink, type Member, symlink } from "../image/support/tar.ts";
import { type Answer, CANARY, each, type HostileImage, type HostileImages } from "./hostile-image.ts";

/** Images whose files stand where berth, the OCI runtime or the kernel mounts, reads or writes. */

export const fifo = (name: string): Member => ({ name, type: "6" });
const device = (name: string, type: "3" | "4", major: number, minor: number): Member => ({
  ...{ name, type, major, minor, mode: 0o666 },
});
const sparse = (name: string, size: number): Member => ({
  ...file("x", Buffer.concat([Buffer.from("0\n"), Buffer.alloc(510)])),
  pax: [
    ["GNU.sparse.major", "1"],
    ["GNU.sparse.minor", "0"],
    ["GNU.sparse.name", name],
    ["GNU.sparse.realsize", String(size)],
  ],
});
export const PASSWD = file("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n");
export const GROUP = file("etc/group", "root:x:0:\napp:x:1000:\n");
/** A link that leads out, if somebody outside follows it. */
export const OUT = symlink("a", CANARY);

const refused = (why: string): Answer => ({ refused: why });
const FAILS: Answer = { fails: "" };

/** A /dev by which a runtime that takes its null for the real one would show the kernel's keys. */
const UNMASKING: readonly Member[] = [symlink("null", "/proc/keys"), symlink("zero", "/proc/timer_list")];
const below = (folder: string): Member[] => [
  dir(folder),
  ...UNMASKING.map((member) => ({ ...member, name: `${folder}/${member.name}` })),
];
const volumes = (...paths: readonly string[]) => ({ Volumes: Object.fromEntries(paths.map((path) => [path, {}])) });
const ONLY_HOSTS = refused("nothing but the host's own");

/** CVE-2019-16884, -19921, CVE-2023-27561, -28642, CVE-2025-31133, -52565, -52881, and their like. */
const DEVICES: HostileImages = {
  "volume-dev": { members: below("dev"), config: volumes("/dev") },
  "volume-dev-slash": { members: below("dev"), config: volumes("dev/", "/./dev") },
  "volume-by-link": { members: [...below("dev"), symlink("x", "/dev")], config: volumes("/x") },
  "volume-by-links": {
    members: [...below("dev"), symlink("y", "x"), symlink("x", "../../dev")],
    config: volumes("/y/null", "/y"),
  },
  "volume-proc": { members: [dir("proc"), symlink("proc/self", "/etc")], config: volumes("/proc", "/proc/self") },
  "volume-sys": { config: volumes("/sys", "/sys/fs/cgroup", "/dev/pts", "/dev/shm") },
  "content-alone": { members: below("dev") },
  "read-only": { members: below("dev"), config: volumes("/dev"), flags: ["--read-only"] },
  "named-volume": { members: below("dev"), flags: ["-v", "keys:/dev"], answer: ONLY_HOSTS },
  "named-by-link": {
    members: [...below("dev"), symlink("x", "/dev")],
    flags: ["-v", "keys:/x"],
    answer: ONLY_HOSTS,
  },
  tmpfs: { members: below("dev"), flags: ["--tmpfs", "/dev"], answer: ONLY_HOSTS },
  "console-is-a-link": { members: [dir("dev"), symlink("dev/console", "/proc/sysrq-trigger")], terminal: true },
  "terminal-is-a-link": { members: [dir("dev"), dir("dev/pts"), symlink("dev/pts/0", "/proc/keys")], terminal: true },
  "nodes-of-disks": {
    members: [device("disk", "4", 8, 0), device("memory", "3", 1, 1)],
    command: ["sh", "-c", "ls /disk /memory; head -c1 /disk || head -c1 /memory"],
    answer: { prints: "/disk\n/memory\n", exits: 1 },
  },
  setuid: {
    members: [file("su", "#!/bin/sh\n", { mode: 0o6755 })],
    flags: ["--user", "1000", "--security-opt", "no-new-privileges"],
    command: ["sh", "-c", "stat -c %a /su; grep -c 'NoNewPrivs:.*1' /proc/self/status; grep CapInh /proc/self/status"],
    // CVE-2022-29162, -27649: nothing is inheritable.
    answer: { prints: "6755\n1\nCapInh:\t0000000000000000\n" },
  },
};

const FORMS: Readonly<Record<string, (path: string) => Member>> = {
  link: (path) => symlink(path, `${CANARY}/evil`),
  relative: (path) => symlink(path, `../../../../../../..${CANARY}/file`),
  loop: (path) => symlink(path, path.split("/").at(-1) ?? ""),
  file: (path) => file(path, "not what is expected"),
  fifo,
  zeros: (path) => device(path, "3", 1, 5),
  folder: (path) => dir(path),
};
const KERNEL = "dev proc sys".split(" ");
const FOLDERS =
  "etc run tmp var root home dev/pts dev/shm dev/mqueue run/lock run/secrets usr/share/zoneinfo etc/crypto-policies".split(
    " ",
  );
const FILES = [
  ..."etc/hosts etc/hostname etc/resolv.conf etc/mtab etc/localtime etc/passwd etc/group run/.containerenv".split(" "),
  ..."dev/fd dev/stdout dev/ptmx dev/core dev/console".split(" "),
];

/** What does not give a sound container. A link to itself or a folder is no place that a file can be mounted on. */
const UNSOUND: readonly (readonly [names: RegExp, answer: Answer])[] = [
  [/^(dev|proc|sys)-is-/, refused("is no folder in the image")],
  [/^etc-(passwd|group)-is-loop/, refused("too many links in the image")],
  [/^etc-(passwd|group)-is-(fifo|zeros|folder)/, refused("in the container is no file")],
  [/^(etc|run)-is-file/, refused("is no folder in the image, and a file is to be mounted")],
  [/^(etc-hosts|etc-hostname|run-containerenv)-is-loop/, refused("too many links in the image")],
  [/^(etc-hosts|etc-hostname|etc-localtime|run-containerenv)-is-folder/, refused("is a folder in the image")],
];

function placed(paths: readonly string[], forms: readonly string[]): HostileImages {
  return Object.fromEntries(paths.flatMap((path) => forms.map((form) => imageAt(path, form))));
}

function imageAt(path: string, form: string): [name: string, image: HostileImage] {
  const name = `${path.replaceAll(/[/.]+/g, "-")}-is-${form}`;
  const parents = path.split("/").slice(0, -1);
  const members = [...parents.map((_, at) => dir(parents.slice(0, at + 1).join("/"))), FORMS[form]?.(path) ?? OUT];
  const answer = UNSOUND.find(([names]) => names.test(name))?.[1];
  return [name, { members, flags: ["--tz", "local", "--init"], ...(answer === undefined ? {} : { answer }) }];
}

const PLACES: HostileImages = {
  ...placed([...KERNEL, ...FOLDERS], ["link", "relative", "file"]),
  ...placed(FILES, ["link", "relative", "loop", "fifo", "zeros", "folder"]),
};

const NO_APP = refused('no user "app"');
const NO_FILE = refused("in the container is no file");
const TOO_LONG = refused("is longer than 4194304 bytes");
const DATABASES: HostileImages = {
  ...each<readonly Member[]>(
    "database",
    [
      [[symlink("etc/passwd", `${CANARY}/file`), symlink("etc/group", `${CANARY}/file`)], NO_APP],
      [[symlink("etc/passwd", `../../../..${CANARY}/file`)], NO_APP],
      [[symlink("etc", CANARY)], NO_APP],
      [[PASSWD, symlink("etc/group", "../etc/x"), symlink("etc/x", "/dev/zero")], NO_FILE],
      [[symlink("etc/passwd", "/proc/self/environ")], NO_FILE],
      [[symlink("etc/passwd", "/proc/self/fd/0")], NO_FILE],
      [[symlink("etc/passwd", "/proc/kmsg")], NO_FILE],
      [[PASSWD, symlink("etc/group", "/sys/kernel/notes")], NO_FILE],
      [[sparse("etc/passwd", 3 * 2 ** 30)], TOO_LONG],
      [[PASSWD, sparse("etc/group", 200 * 2 ** 30)], TOO_LONG],
      [[file("etc/passwd", `${"a".repeat(5_000_000)}:x:0:0::/:/bin/sh\n`)], TOO_LONG],
      [[file("etc/passwd", "app:x:1000:1000::/:/bin/sh\n".repeat(100_000))], { prints: "1000\n" }],
    ],
    (members) => ({ members, flags: ["--user", "app"], command: ["id", "-u"] }),
  ),
  ...each<string>(
    "line",
    [
      ["app:x:-1:-1::/:", NO_APP],
      ["app:x:4294967295:4294967295::/:", NO_APP],
      ["app:x:4294967296:0::/:", NO_APP],
      ["app:x:00000:0::/:", { prints: "0\n/\n" }],
      ["app:x:0x0:0::/:", NO_APP],
      ["app:x::::", NO_APP],
      ["app", NO_APP],
      ["app:x:1000:1000::/x\\n/y:/bin/sh", { prints: "1000\n/x\\n/y\n" }],
    ],
    (line) => ({
      members: [file("etc/passwd", `${line}\n`), GROUP],
      flags: ["--user", "app"],
      command: ["sh", "-c", "id -u; echo $HOME"],
    }),
  ),
  // CVE-2016-3697: a name that is somebody else's number.
  "number-as-name": {
    members: [file("etc/passwd", "1000:x:0:0::/root:/bin/sh\n"), file("etc/group", "1001:x:0:\n")],
    flags: ["--user", "1000:1001"],
    command: ["sh", "-c", "id -u; id -g"],
    answer: { prints: "1000\n1001\n" },
  },
  // CVE-2024-9676: whoever counts the ids of an image follows its links.
  "counted-by-link": { members: [symlink("etc/passwd", "/dev/zero")], flags: ["--userns", "auto"], answer: NO_FILE },
  "many-ids": {
    members: [file("etc/passwd", "a:x:4000000000:0::/:\n")],
    flags: ["--userns", "auto"],
    answer: refused("need 4000000001 ids"),
  },
};

const VOLUMES: HostileImages = {
  ...each<string>(
    "volume",
    [
      ...[`/a/evil`, "/", "/proc", "/sys", "/dev", "/etc", `../..${CANARY}`, "", "/proc/self/fd", "/a\nb"],
      ...["/proc/sys/kernel", "/a", "/dev/shm", "/run/.containerenv", "/bin", "//", "/./a/../a/evil", "a/evil"],
      ...["/etc/hosts", "/sys/fs/cgroup", "/run/berth", "/tmp/a:/b", "/a,b", "/n/".repeat(1400)],
    ].map((path) => [path] as const),
    (path) => ({ members: [OUT], config: volumes(path) }),
  ),
  "volume-nul": { config: volumes("/a\0b"), answer: { unpulled: "Volumes holds a NUL byte" } },
  "volume-on-a-file": {
    members: [PASSWD],
    config: volumes("/etc/passwd"),
    answer: refused("a folder is to be mounted"),
  },
  "volume-too-long": { config: volumes(`/${"n".repeat(256)}`), answer: FAILS },
  "volume-with-odd-content": {
    members: [
      ...[PASSWD, dir("v"), symlink("v/s", `${CANARY}/file`), symlink("v/d", CANARY), hardlink("v/h", "etc/passwd")],
      ...[device("v/n", "4", 8, 0), fifo("v/p"), file("v/su", "", { mode: 0o6755 }), sparse("v/z", 100 * 2 ** 30)],
    ],
    config: volumes("/v"),
    command: ["sh", "-c", "cd /v; stat -c '%n %F %a' *"],
    answer: {
      prints: `d symbolic link 777\nh regular file 644\nn block special file 666\np fifo 644\ns symbolic link 777
su regular empty file 6755\nz regular file 644\n`,
    },
  },
  "volume-through-a-link": { members: [OUT], flags: ["-v", "linked:/a/evil"] },
  "volume-above": { members: [OUT], flags: ["-v", `above:/../..${CANARY}/evil`], answer: refused("contains ..") },
  "folder-through-a-link": { members: [OUT], flags: ["-v", "/etc/hostname:/a/evil"] },
  "memory-through-a-link": { members: [OUT], flags: ["--tmpfs", "/a/evil"] },
  "many-volumes": { config: volumes(...Array.from({ length: 100 }, (_, at) => `/many/${at}`)) },
};

export const PLACED: HostileImages = { ...DEVICES, ...PLACES, ...DATABASES, ...VOLUMES };
