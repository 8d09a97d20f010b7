// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.
import { expect, test } from "bun:test";
import type { IdMapping } from "../../../src/id-map.ts";
import { parseRunFlags } from "../../../src/options/flags/parse.ts";
import { RUN_FLAGS } from "../../../src/options/flags/run-flags.ts";
import { type RequestContext, toRunRequest } from "../../../src/options/requests/parse-run-request.ts";
import type { RunRequest } from "../../../src/options/requests/run-request.ts";
import type { SharedKind } from "../../../src/options/values/share.ts";

const SYSTEM: RequestContext = { cwd: "/cwd", scope: { kind: "system" } };
const USER: RequestContext = { cwd: "/cwd", scope: { kind: "user" } };

function requestOf(words: readonly string[], context = SYSTEM, ofPod?: readonly SharedKind[]): RunRequest {
  const { flags, rest, problems } = parseRunFlags(words);
  expect(problems).toEqual([]);
  const [image = "app", ...command] = rest;
  return toRunRequest(flags, image, command, context, ofPod);
}

const PULL_WORDS = {
  platform: undefined,
  arch: undefined,
  os: undefined,
  variant: undefined,
  creds: undefined,
  authfile: undefined,
  certDir: undefined,
  tlsVerify: undefined,
  retry: undefined,
  retryDelay: undefined,
  decryptionKey: [],
  quiet: false,
};

const ATTACHMENT = { name: "berth", aliases: [], ips: [], mac: undefined, interfaceName: undefined };

/** A container of which nothing in particular is asked. */
const PLAIN: RunRequest = {
  name: undefined,
  unit: undefined,
  detach: false,
  sdnotify: "ignore",
  image: "app",
  command: [],
  entrypoint: undefined,
  env: [],
  envFiles: [],
  envHost: false,
  workdir: undefined,
  user: undefined,
  hostname: undefined,
  mounts: [],
  network: { mode: "bridge", networks: [ATTACHMENT] },
  pod: undefined,
  ports: [],
  addHosts: [],
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  labels: {},
  annotations: {},
  capAdd: [],
  capDrop: [],
  noNewPrivileges: false,
  seccomp: undefined,
  readOnly: false,
  readOnlyTmpfs: true,
  stopSignal: undefined,
  unitSignal: undefined,
  stopTimeout: 10,
  timezone: undefined,
  ulimits: [],
  sysctls: {},
  shmSize: 64 * 1024 * 1024,
  init: false,
  pull: "missing",
  pullWords: PULL_WORDS,
  tty: false,
  interactive: false,
  loginuid: undefined,
  userNamespace: { mode: "host" },
  idsOf: undefined,
  runtime: undefined,
  replace: false,
};

const MAPPING: IdMapping = { inside: 0, outside: 1000, size: 5, ofHost: false, extends: false, kinds: ["uid", "gid"] };

/** Words of each flag, and what they change in the request; no change where the flag says what is so anyway. */
const FLAGS: Readonly<Record<string, readonly (readonly [words: string, change: Partial<RunRequest>])[]>> = {
  "add-host": [
    ["--add-host a;b:192.0.2.7", { addHosts: [{ names: ["a", "b"], address: "192.0.2.7" }] }],
    ["--add-host a:[::1]", { addHosts: [{ names: ["a"], address: "::1" }] }],
    ["--add-host a:host-gateway", { addHosts: [{ names: ["a"], address: "host-gateway" }] }],
  ],
  annotation: [["--annotation a=b=c --annotation a=d", { annotations: { a: "d" } }]],
  arch: [["--arch arm64", { pullWords: { ...PULL_WORDS, arch: "arm64" } }]],
  authfile: [["--authfile a.json", { pullWords: { ...PULL_WORDS, authfile: "a.json" } }]],
  "cap-add": [["--cap-add cap_net_admin --cap-add KILL", { capAdd: ["NET_ADMIN", "KILL"] }]],
  "cap-drop": [["--cap-drop all", { capDrop: ["ALL"] }]],
  "cert-dir": [["--cert-dir certs", { pullWords: { ...PULL_WORDS, certDir: "certs" } }]],
  creds: [["--creds u:p%i", { pullWords: { ...PULL_WORDS, creds: "u:p%i" } }]],
  "decryption-key": [["--decryption-key k:pass=%i", { pullWords: { ...PULL_WORDS, decryptionKey: ["k:pass=%i"] } }]],
  detach: [
    ["-d", { detach: true }],
    ["--detach=false", {}],
  ],
  dns: [["--dns none --dns ::1", { dns: ["none", "::1"] }]],
  "dns-option": [["--dns-option ndots:1", { dnsOptions: ["ndots:1"] }]],
  "dns-search": [["--dns-search .", { dnsSearch: ["."] }]],
  entrypoint: [
    ["--entrypoint /bin/sh", { entrypoint: ["/bin/sh"] }],
    ['--entrypoint ["a","$B"]', { entrypoint: ["a", "$B"] }],
    ["--entrypoint=", { entrypoint: [] }],
  ],
  env: [["-e A=%i -e B -e C*", { env: ["A=%i", "B", "C*"] }]],
  "env-file": [["--env-file a.env --env-file /b.env", { envFiles: ["/cwd/a.env", "/b.env"] }]],
  "env-host": [["--env-host", { envHost: true }]],
  expose: [["--expose 80-90/udp", {}]],
  gidmap: [["--gidmap 0:1000:5", { userNamespace: { mode: "maps", uids: [MAPPING], gids: [MAPPING] } }]],
  hostname: [["-h web", { hostname: "web" }]],
  "unit-signal": [["--unit-signal=SIGQUIT", { unitSignal: "SIGQUIT" }]],
  "ids-of": [["--ids-of alice", { idsOf: "alice" }]],
  init: [["--init", { init: true }]],
  interactive: [["-i", { interactive: true }]],
  ip: [["--ip 10.89.0.7", { network: { mode: "bridge", networks: [{ ...ATTACHMENT, ips: ["10.89.0.7"] }] } }]],
  ip6: [["--ip6 fd00::7", { network: { mode: "bridge", networks: [{ ...ATTACHMENT, ips: ["fd00::7"] }] } }]],
  label: [["-l a=%i -l b", { labels: { a: "%i", b: "" } }]],
  loginuid: [["--loginuid caller", { loginuid: "caller" }]],
  "mac-address": [
    [
      "--mac-address 0A:00:00:00:00:01",
      { network: { mode: "bridge", networks: [{ ...ATTACHMENT, mac: "0a:00:00:00:00:01" }] } },
    ],
  ],
  mount: [
    [
      "--mount type=bind,src=a,dst=/b,ro",
      { mounts: [{ type: "bind", source: "/cwd/a", target: "/b", options: ["ro"] }] },
    ],
  ],
  name: [["--name web", { name: "web" }]],
  network: [
    ["--network host", { network: { mode: "host" } }],
    ["--network none", { network: { mode: "none" } }],
    ["--network container:db", { network: { mode: "container", name: "db" } }],
    ["--network ns:/run/netns/a", { network: { mode: "namespace", path: "/run/netns/a" } }],
    ["--network pasta:--mtu,1500", { network: { mode: "pasta", options: ["--mtu", "1500"] } }],
    ["--network private", {}],
    [
      "--network a:ip=10.1.0.1,alias=x,ip6=fd00::1,alias=y --network bridge:mac=0A:00:00:00:00:01,interface_name=in0",
      {
        network: {
          mode: "bridge",
          networks: [
            { ...ATTACHMENT, name: "a", aliases: ["x", "y"], ips: ["10.1.0.1", "fd00::1"] },
            { ...ATTACHMENT, mac: "0a:00:00:00:00:01", interfaceName: "in0" },
          ],
        },
      },
    ],
  ],
  "network-alias": [
    ["--network-alias db", { network: { mode: "bridge", networks: [{ ...ATTACHMENT, aliases: ["db"] }] } }],
  ],
  os: [["--os linux", { pullWords: { ...PULL_WORDS, os: "linux" } }]],
  platform: [["--platform linux/arm64", { pullWords: { ...PULL_WORDS, platform: "linux/arm64" } }]],
  pod: [["--pod shop", { pod: "shop", network: { mode: "pod" } }]],
  publish: [
    ["-p 80", { ports: [{ hostIp: "", hostPort: 0, containerPort: 80, range: 1, protocol: "tcp" }] }],
    [
      "-p 8000-8010:80-90/UDP",
      { ports: [{ hostIp: "", hostPort: 8000, containerPort: 80, range: 11, protocol: "udp" }] },
    ],
    ["-p [::0001]:1:2", { ports: [{ hostIp: "::1", hostPort: 1, containerPort: 2, range: 1, protocol: "tcp" }] }],
    [
      "-p [::ffff:1.2.3.4]::2-3",
      { ports: [{ hostIp: "1.2.3.4", hostPort: 0, containerPort: 2, range: 2, protocol: "tcp" }] },
    ],
  ],
  pull: [["--pull newer", { pull: "newer" }]],
  quiet: [["-q", { pullWords: { ...PULL_WORDS, quiet: true } }]],
  "read-only": [["--read-only", { readOnly: true }]],
  "read-only-tmpfs": [
    ["--read-only-tmpfs=false", { readOnlyTmpfs: false }],
    ["--read-only-tmpfs", {}],
  ],
  replace: [["--replace", { replace: true }]],
  restart: [["--restart no", {}]],
  "http-proxy": [["--http-proxy=false", {}]],
  "log-driver": [["--log-driver journald", {}]],
  retry: [["--retry 5", { pullWords: { ...PULL_WORDS, retry: 5 } }]],
  "retry-delay": [["--retry-delay 1m30s", { pullWords: { ...PULL_WORDS, retryDelay: 90_000 } }]],
  rm: [["--rm", {}]],
  runtime: [["--runtime crun", { runtime: "crun" }]],
  sdnotify: [
    ["--sdnotify container", { sdnotify: "container" }],
    ["--sdnotify conmon", { sdnotify: "started" }],
  ],
  "security-opt": [
    ["--security-opt no-new-privileges", { noNewPrivileges: true }],
    ["--security-opt no-new-privileges:false", {}],
    ["--security-opt seccomp=/a.json --security-opt seccomp=unconfined", { seccomp: "unconfined" }],
  ],
  "shm-size": [
    ["--shm-size 1g", { shmSize: 1024 ** 3 }],
    ["--shm-size 0", { shmSize: 0 }],
  ],
  "stop-signal": [
    ["--stop-signal 15", { stopSignal: "TERM" }],
    ["--stop-signal rtmin+3", { stopSignal: "RTMIN+3" }],
  ],
  "stop-timeout": [["--stop-timeout -1", { stopTimeout: -1 }]],
  subgidname: [
    ["--subgidname a", { userNamespace: { mode: "subordinate", users: "a", groups: "a" } }],
    ["--subgidname a --subuidname b", { userNamespace: { mode: "subordinate", users: "b", groups: "a" } }],
  ],
  subuidname: [["--subuidname a", { userNamespace: { mode: "subordinate", users: "a", groups: "a" } }]],
  sysctl: [["--sysctl net.a=1 --sysctl kernel.sem=1=2", { sysctls: { "net.a": "1", "kernel.sem": "1=2" } }]],
  "tls-verify": [
    ["--tls-verify=false", { pullWords: { ...PULL_WORDS, tlsVerify: false } }],
    ["--tls-verify", { pullWords: { ...PULL_WORDS, tlsVerify: true } }],
  ],
  tmpfs: [["--tmpfs /a/:size=50%", { mounts: [{ type: "tmpfs", target: "/a", options: ["size=50%"] }] }]],
  tty: [["-t", { tty: true }]],
  tz: [["--tz Europe/Prague", { timezone: "Europe/Prague" }]],
  uidmap: [["--uidmap 0:1000:5", { userNamespace: { mode: "maps", uids: [MAPPING], gids: [MAPPING] } }]],
  ulimit: [
    ["--ulimit nofile=1:2", { ulimits: [{ type: "nofile", soft: 1, hard: 2 }] }],
    ["--ulimit core=unlimited", { ulimits: [{ type: "core", soft: -1, hard: -1 }] }],
    ["--ulimit core=-1 --ulimit host", { ulimits: "host" }],
  ],
  unit: [["--unit web.service", { unit: "web.service" }]],
  user: [["-u 1:2", { user: "1:2" }]],
  userns: [
    ["--userns keep-id:uid=7", { userNamespace: { mode: "keep-id", uid: 7, gid: undefined, size: undefined } }],
    ["--userns auto", { userNamespace: { mode: "auto", size: undefined, uids: [], gids: [] } }],
  ],
  variant: [["--variant v7", { pullWords: { ...PULL_WORDS, variant: "v7" } }]],
  volume: [
    [
      "-v ./a:/b -v data:/c:ro",
      {
        mounts: [
          { type: "bind", source: "/cwd/a", target: "/b", options: [] },
          { type: "volume", name: "data", target: "/c", options: ["ro"] },
        ],
      },
    ],
  ],
  workdir: [["-w /srv", { workdir: "/srv" }]],
};

test("nothing in particular", () => {
  expect(requestOf([])).toEqual(PLAIN);
  expect(requestOf(["web:1", "serve", "--port", "%i", "${PORT}"])).toEqual({
    ...PLAIN,
    image: "web:1",
    command: ["serve", "--port", "%i", "${PORT}"],
  });
});

test("every flag of the table is looked at here", () => {
  expect(Object.keys(FLAGS).sort()).toEqual(RUN_FLAGS.map(({ name }) => name).sort());
});

test.each(Object.entries(FLAGS))("--%s", (_, cases) => {
  for (const [words, change] of cases) expect(requestOf(words.split(" "))).toEqual({ ...PLAIN, ...change });
});

test("a user's container is in a network of pasta's", () => {
  expect(requestOf([], USER).network).toEqual({ mode: "pasta", options: [] });
  expect(requestOf(["--network", "private"], USER).network).toEqual({ mode: "pasta", options: [] });
  expect(requestOf(["--network", "bridge"], USER).network).toMatchObject({ mode: "bridge" });
});

test("in a unit the name may have the unit's instance in it", () => {
  expect(requestOf(["--unit", "a@b:c.service", "--name", "a-b:c\\x2d"]).name).toBe("a-b_c_x2d");
  expect(() => requestOf(["--name", "a:b"])).toThrow("--name a:b: ");
  for (const name of ["", ".", ".."])
    expect(() => requestOf(["--unit", "a.service", "--name", name])).toThrow("not a container name");
});

test("in a pod, what the pod shares is the pod's to say", () => {
  const pod = ["--pod", "shop"];
  expect(() => requestOf([...pod, "-p", "80"])).toThrow("--publish cannot be set in a pod");
  expect(() => requestOf([...pod, "-h", "web"])).toThrow("--hostname cannot be set in a pod");
  expect(requestOf([...pod, "-p", "80", "--network", "bridge"]).network.mode).toBe("bridge");
  expect(requestOf([...pod, "-p", "80", "-h", "web"], SYSTEM, ["ipc"])).toMatchObject({
    hostname: "web",
    network: { mode: "bridge" },
  });
});

test.each([
  ["--network host --network bridge", "--network host cannot be given together with other networks"],
  ["--network host --ip 10.0.0.1", "--ip 10.0.0.1: needs a network of berth's own, not host"],
  ["--network a --network b --mac-address 0a:00:00:00:00:01", "as in --network NAME:mac=0a:00:00:00:00:01"],
  ["--network a --network a", "--network a: is given twice"],
  ["--network a:interface_name=x --network b:interface_name=x", "--network b: another network's interface is called x"],
  ["--userns private", "--userns private: needs --uidmap, --gidmap, --subuidname or --subgidname"],
  ["--userns keep-id:uid=1 --uidmap 0:1", "--userns keep-id:uid=1: cannot be combined with --uidmap and --gidmap"],
  ["--userns nomap --subuidname a", "--userns nomap: cannot be combined with --subuidname"],
  ["--uidmap 0:1 --subuidname a", "--subuidname a: cannot be combined with --uidmap and --gidmap"],
  ["--uidmap 0:1:5 --uidmap 3:9", "--uidmap 3:9: the container's id 3 is mapped by another line already"],
  ["--security-opt label=level:s0", "--security-opt label=level:s0: not supported yet"],
  ["%i", "image %i: %i is not expanded: only systemd does that, in a unit"],
  ["--expose http", "--expose http: invalid port format 'http'"],
  ["-v a:/x -v b:/x/", "/x is the destination of two mounts"],
  ["-v a:/x --tmpfs /x:size=1m", "/x is the destination of two mounts"],
  ["--mount type=ramfs,dst=/x --mount type=bind,src=/a,dst=/./x", "/x is the destination of two mounts"],
  ["-v a:/dev", 'nothing but the host\'s own can be mounted on "/dev"'],
  ["-v /proc/", 'nothing but the host\'s own can be mounted on "/proc"'],
  ["--tmpfs /dev", 'nothing but the host\'s own can be mounted on "/dev"'],
  ["--mount type=image,src=web:1,dst=/dev/./null", 'nothing but the host\'s own can be mounted on "/dev/null"'],
  ["--mount type=volume,src=a,dst=/sys", 'nothing but the host\'s own can be mounted on "/sys"'],
])("%s is refused", (words, message) => {
  expect(() => requestOf(words.split(" "))).toThrow(message);
});
