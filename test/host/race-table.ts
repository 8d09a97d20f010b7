import { type SampleImage, sample } from "./registry.ts";

/** Commands of a shell that run at the same time, and what is to be true of the machine once all have ended. */
export interface Race {
  readonly name: string;
  readonly before?: string;
  readonly together: readonly string[];
  /** How many of the commands succeed; any number where it is left out, the others with an error of berth's. */
  readonly winners?: number;
  /** Succeeds if the machine is as it should be; may print why not. */
  readonly after: string;
}

const TOOLS = sample("tools:1");
const APP = sample("app:1");
const MANY: readonly SampleImage[] = ["app:1", "tools:1", "layers:1", "layers:zstd", "layers:docker", "layers:umoci"];

const times = (count: number, command: (at: number) => string) => Array.from({ length: count }, (_, at) => command(at));
/** The command again and again, in one shell; its last exit code counts. */
const again = (count: number, command: string) => `for i in $(seq ${count}); do ${command}; done`;
const run = (flags: string, command = "true", image = TOOLS) => `berth run --rm ${flags} ${image} ${command}`;
const pull = (image: string) => `berth pull -q ${image}`;
const HAVE_TOOLS = pull(TOOLS);
const whole = (image: string) =>
  `${pull(image)} && berth image inspect ${image} && ${run("--network none", "true", TOOLS)}`;
const SAVED = "/root/race.tar";
const SAVE = `[ -e ${SAVED} ] || skopeo copy -q --src-tls-verify=false docker://${APP} oci-archive:${SAVED}:${APP}`;

const IMAGES: readonly Race[] = [
  {
    name: "eight pulls of one image",
    before: `berth rmi -f ${APP}; true`,
    together: times(8, () => pull(APP)),
    winners: 8,
    after: whole(APP),
  },
  {
    name: "pulls of six images",
    before: "berth image prune -af",
    together: MANY.map((one) => pull(sample(one))),
    winners: 6,
    after: MANY.map((one) => `berth image inspect ${sample(one)}`).join(" && "),
  },
  {
    name: "pull and rmi",
    together: [...times(3, () => again(3, pull(APP))), ...times(3, () => again(3, `berth rmi -f ${APP}`))],
    after: whole(APP),
  },
  {
    name: "run and rmi",
    before: HAVE_TOOLS,
    together: [...times(4, () => run("--network none")), ...times(3, () => again(3, `berth rmi ${TOOLS}`))],
    after: whole(TOOLS),
  },
  {
    name: "four removals of one image",
    before: pull(APP),
    together: times(4, () => `berth rmi ${APP}`),
    winners: 1,
    after: `! berth image inspect ${APP}`,
  },
  {
    name: "run and image prune",
    before: HAVE_TOOLS,
    together: [...times(3, () => run("--network none")), ...times(3, () => again(3, "berth image prune -af"))],
    after: whole(TOOLS),
  },
  {
    name: "pull and image prune",
    together: [...times(3, () => pull(APP)), ...times(3, () => again(3, "berth image prune -f"))],
    after: whole(APP),
  },
  {
    name: "load and pull of one image",
    before: `${SAVE}; berth rmi -f ${APP}; true`,
    together: [...times(3, () => `berth load -q -i ${SAVED}`), ...times(3, () => pull(APP))],
    winners: 6,
    after: whole(APP),
  },
  {
    name: "load and rmi",
    before: SAVE,
    together: [...times(3, () => `berth load -q -i ${SAVED}`), ...times(3, () => again(3, `berth rmi -f ${APP}`))],
    after: whole(APP),
  },
  {
    name: "repair and pull",
    before: `berth rmi -f ${APP}; true`,
    together: [...times(3, () => "berth verify --repair"), ...times(3, () => pull(APP))],
    after: whole(APP),
  },
  {
    name: "repair and run",
    before: HAVE_TOOLS,
    together: [...times(2, () => "berth verify --repair"), ...times(3, () => run("--network none"))],
    winners: 5,
    after: whole(TOOLS),
  },
  {
    name: "repair, rmi and image prune",
    before: pull(APP),
    together: ["berth verify --repair", `berth rmi -f ${APP}`, "berth image prune -af", pull(APP)],
    after: whole(APP),
  },
];

const uses = (volume: string) => run(`--network none -v ${volume}:/etc/race`);
const VOLUMES: readonly Race[] = [
  {
    name: "six makers of one volume",
    together: times(6, () => "berth volume create race"),
    winners: 1,
    after: "berth volume rm race",
  },
  {
    name: "six makers who do not mind",
    together: times(6, () => "berth volume create --ignore race"),
    winners: 6,
    after: "berth volume rm race",
  },
  {
    name: "six first uses of one volume with an image's content",
    together: times(6, () => run("--network none -v race:/etc", "test -e /etc/passwd")),
    winners: 6,
    after: "test -e /var/lib/berth/volumes/race/_data/passwd && berth volume rm race",
  },
  {
    name: "first use and volume rm",
    together: [...times(4, () => uses("race")), ...times(4, () => again(3, "berth volume rm race"))],
    after: `${uses("race")} && berth volume rm race`,
  },
  {
    name: "first use and volume prune",
    together: [...times(4, () => uses("race")), ...times(3, () => again(3, "berth volume prune -af"))],
    after: `${uses("race")} && berth volume rm race`,
  },
  {
    name: "four removals of one volume",
    before: "berth volume create race",
    together: times(4, () => "berth volume rm race"),
    winners: 1,
    after: "! berth volume inspect race",
  },
  {
    name: "import and volume rm",
    before: "mkdir -p /root/c; date > /root/c/d; tar -C /root/c -cf /root/c.tar .; berth volume create race",
    together: [...times(2, () => "berth volume import race /root/c.tar"), ...times(2, () => "berth volume rm race")],
    after:
      "berth volume create --ignore race && berth volume import race /root/c.tar && test -e /var/lib/berth/volumes/race/_data/d && berth volume rm race",
  },
  {
    name: "volume create and volume prune",
    together: [
      ...times(3, (at) => again(3, `berth volume create --ignore race${at}`)),
      ...times(3, () => again(3, "berth volume prune -af")),
    ],
    after: "berth volume prune -af; ! ls /var/lib/berth/volumes | grep race",
  },
];

const distinct = (what: string) => `[ -z "$(${what} | sort | uniq -d)" ]`;
const NETWORKS: readonly Race[] = [
  {
    name: "six makers of one network",
    together: times(6, () => "berth network create race"),
    winners: 1,
    after: "berth network rm race",
  },
  {
    name: "makers of six networks",
    together: times(6, (at) => `berth network create race${at}`),
    winners: 6,
    after: `${distinct("berth network inspect race0 race1 race2 race3 race4 race5 --format '{{range .Subnets}}{{.Subnet}}{{end}}'")} && berth network rm race0 race1 race2 race3 race4 race5`,
  },
  {
    name: "run and network rm",
    before: "berth network create race",
    together: [...times(3, () => run("--network race")), ...times(3, () => again(3, "berth network rm race"))],
    after: `berth network create --ignore race && ${run("--network race")} && berth network rm race`,
  },
  {
    name: "run and network prune",
    before: "berth network create race",
    together: [...times(3, () => run("--network race")), ...times(2, () => again(3, "berth network prune -f"))],
    after: `berth network create --ignore race && ${run("--network race")} && berth network rm race`,
  },
  {
    name: "four removals of one network",
    before: "berth network create race",
    together: times(4, () => "berth network rm race"),
    winners: 1,
    after: "! berth network inspect race",
  },
  {
    name: "network create and rm",
    together: times(4, () => again(2, "berth network create race; berth network rm race")),
    after: "berth network create --ignore race && berth network rm race",
  },
  {
    name: "six containers in one network, started and ended at once",
    before: "berth network create race",
    together: times(6, () => run("--network race", "sleep 0.3")),
    winners: 6,
    after: "berth network rm race",
  },
  {
    name: "run and network reload",
    together: [...times(3, () => run("")), ...times(3, () => "berth network reload --all")],
    after: run(""),
  },
];

const CONTAINERS: readonly Race[] = [
  {
    name: "four containers of one name",
    together: times(4, () => run("--network none --name race", "sleep 3")),
    winners: 1,
    after: run("--network none --name race"),
  },
  {
    name: "four containers at one port",
    together: times(4, () => run("-p 8099:80", "sleep 3")),
    winners: 1,
    after: run("-p 8099:80"),
  },
  {
    name: "four containers with ids of their own",
    before:
      "for f in /etc/subuid /etc/subgid; do grep -q containers: $f || echo containers:1000000:1000000 >> $f; done",
    together: times(4, () => run("--network none --userns auto", "cat /proc/self/uid_map")),
    winners: 4,
    after: run("--network none --userns auto"),
  },
  {
    name: "run and cleanup",
    together: [...times(4, () => run("", "sleep 0.2")), ...times(3, () => again(3, "berth cleanup --stale"))],
    after: run(""),
  },
  {
    name: "run, and listings of all",
    together: [
      ...times(3, () => run("")),
      again(4, "berth ps -a"),
      again(4, "berth volume ls"),
      again(4, "berth network ls"),
      again(4, "berth images"),
    ],
    winners: 7,
    after: run(""),
  },
];

const SERVICE = (verb: string) => `systemctl ${verb} race.service`;
/** Whatever the end was, the service can be used again. */
const clean =
  "systemctl reset-failed race.service race-pod.service 2>/dev/null; systemctl restart race.service && berth exec race true && systemctl stop race.service race-pod.service";
/** The unit files of the races below are in races.test.ts. */
const SERVICES: readonly Race[] = [
  {
    name: "start, stop and restart",
    together: [
      ...times(3, () => SERVICE("start")),
      ...times(2, () => SERVICE("stop")),
      ...times(2, () => SERVICE("restart")),
    ],
    after: clean,
  },
  {
    name: "start and daemon-reload",
    together: [again(3, `${SERVICE("restart")}`), again(4, "systemctl daemon-reload")],
    winners: 2,
    after: clean,
  },
  {
    name: "start, stop and cleanup",
    together: [
      again(3, `${SERVICE("start")}; ${SERVICE("stop")}`),
      ...times(3, () => again(4, "berth cleanup --stale")),
    ],
    winners: 4,
    after: clean,
  },
  {
    name: "exec and stop",
    before: SERVICE("start"),
    together: [...times(4, () => "berth exec race sleep 0.2"), SERVICE("stop")],
    after: clean,
  },
  {
    name: "kill and stop",
    before: SERVICE("start"),
    together: ["systemctl kill -s KILL race.service", SERVICE("stop"), "berth stop race", "berth stop race"],
    after: clean,
  },
  {
    name: "start and setup",
    together: [again(3, SERVICE("restart")), "berth setup", "berth setup"],
    winners: 3,
    after: clean,
  },
  {
    name: "start and volume prune",
    before: "systemctl stop race-volume.service; berth volume rm -f systemd-race; true",
    together: [SERVICE("restart"), ...times(3, () => again(3, "berth volume prune -af"))],
    winners: 4,
    after: `berth volume inspect systemd-race && ${clean}`,
  },
  {
    name: "pod start, stop and rm",
    together: [
      again(2, "systemctl start race-pod.service"),
      again(2, "berth pod stop race"),
      "berth pod rm race",
      SERVICE("start"),
    ],
    after: clean,
  },
  {
    name: "a member's start and its pod's stop",
    before: SERVICE("start"),
    together: [...times(2, () => SERVICE("restart")), "systemctl stop race-pod.service"],
    after: clean,
  },
  {
    name: "pod start and cleanup",
    together: [again(2, "systemctl restart race-pod.service"), ...times(3, () => again(3, "berth cleanup --stale"))],
    winners: 4,
    after: clean,
  },
  {
    name: "service and foreground run of one name",
    together: [SERVICE("restart"), run("--network none --name race"), run("--network none --name race")],
    after: clean,
  },
];

export const RACES: Readonly<Record<string, readonly Race[]>> = {
  images: IMAGES,
  volumes: VOLUMES,
  networks: NETWORKS,
  containers: CONTAINERS,
  "services and pods": SERVICES,
};
/** Images that the races use, pulled beforehand. */
export const NEEDED: readonly SampleImage[] = ["tools:1"];
