import type { OciRuntimeName } from "../../src/oci-runtimes.ts";
import { SUITES, type Suite } from "../../test/host/root.ts";

/** What a run of the tests is for. */
export type Mode =
  /** A developer's: without the older suite's copy of what does not depend on systemd's version. */
  | "local"
  /** Everything, and nothing skipped. */
  | "ci"
  /** What takes too long for every change. */
  | "soak";

/** Test files that one process runs, on one suite where they boot hosts. */
export interface Lane {
  /** `host-volumes trixie`; of a folder of plain tests the folder's name. */
  readonly name: string;
  readonly kind: "plain" | "host" | "vm";
  /** Files or folders, from the project's folder. */
  readonly paths: readonly string[];
  /** All that the files say if left out. */
  readonly suite?: Suite;
  /** The OCI runtime that makes the containers; berth's default if left out. */
  readonly runtime?: OciRuntimeName;
  /** Of lanes with the same word, one runs at a time. */
  readonly alone?: "emulator" | "audit" | "crowd";
}

/** Emulators take whole processors, as a hundred containers do, and the kernel has one audit system. */
const ALONE: readonly (readonly [path: RegExp, word: NonNullable<Lane["alone"]>])[] = [
  [/^test\/vm\//, "emulator"],
  [/^test\/host\/(audit|loginuid)\.test\.ts$/, "audit"],
  [/^test\/host\/hundred\.test\.ts$/, "crowd"],
];

const NEWEST: Suite = "trixie";

/** Files that continuous integration runs with the other OCI runtime too, on the newest suite. */
const WITH_CRUN = /^test\/host\/(smoke|lifecycle|exec|sockets|output|pods|user-namespaces|loginuid|audit)\.test\.ts$/;

/** Files outside of test/soak/ that have more to do in a soak. */
const SOAKED = ["test/fuzz.test.ts", "test/host/hundred.test.ts", "test/vm/kernel.test.ts"];

/**
 * The lanes of a mode, from the test files' paths and texts. `chosen` are paths of files or folders to run in place of
 * what the mode has.
 */
export function lanesOf(files: ReadonlyMap<string, string>, mode: Mode, chosen: readonly string[] = []): Lane[] {
  const wanted = [...files].filter(([path]) => isWanted(path, mode, chosen));
  const machines = wanted.filter(([path]) => kindOf(path) !== "plain");
  const plain = wanted.map(([path]) => path).filter((path) => kindOf(path) === "plain");
  const lanes = machines.flatMap(([path, text]) => machineLanes(path, text, mode === "local" && chosen.length === 0));
  return [
    ...lanes,
    ...(mode === "ci" && chosen.length === 0 ? lanes.flatMap(withCrun) : []),
    ...(chosen.length > 0 ? plain.map((path) => plainLane([path])) : folderLanes(plain)),
  ];
}

function isWanted(path: string, mode: Mode, chosen: readonly string[]): boolean {
  if (chosen.length > 0)
    return chosen
      .map((word) => word.replace(/^\.\/|\/$/g, ""))
      .some((word) => path === word || path.startsWith(`${word}/`));
  if (mode === "soak") return path.startsWith("test/soak/") || SOAKED.includes(path);
  return !path.startsWith("test/soak/");
}

function kindOf(path: string): Lane["kind"] {
  if (/^test\/(host|soak)\//.test(path)) return "host";
  return path.startsWith("test/vm/") ? "vm" : "plain";
}

function machineLanes(path: string, text: string, leavesOut: boolean): Lane[] {
  const name = path.replace(/^test\/|\.test\.ts$/g, "").replaceAll("/", "-");
  const alone = ALONE.find(([pattern]) => pattern.test(path))?.[1];
  const lane = { name, kind: kindOf(path), paths: [path], ...(alone === undefined ? {} : { alone }) } as const;
  return suitesIn(text, leavesOut).map((suite) =>
    suite === undefined ? lane : { ...lane, name: `${name} ${suite}`, suite },
  );
}

/** Whether a lane can run with an OCI runtime: the older suite's crun is older than what berth is made for. */
export function runsWith({ suite }: Lane, runtime: OciRuntimeName | undefined): boolean {
  return runtime !== "crun" || (suite ?? NEWEST) === NEWEST;
}

/** The same lane with crun, if there is to be one. */
function withCrun(lane: Lane): Lane[] {
  if (!runsWith(lane, "crun") || !lane.paths.some((path) => WITH_CRUN.test(path))) return [];
  return [{ ...lane, name: `${lane.name} crun`, runtime: "crun", suite: NEWEST }];
}

/** The suites that a file says its tests are for (test/host/lane.ts); undefined stands for what it chooses itself. */
function suitesIn(text: string, leavesOut: boolean): (Suite | undefined)[] {
  const said = [...text.matchAll(/\b(?:describeOnSuites|suitesHere)\(\s*"(both|newest)"/g)].map(([, word]) => word);
  if (said.length === 0) return [undefined];
  return SUITES.filter((suite) => suite === SUITES.at(-1) || !leavesOut || said.includes("both"));
}

/** A lane for each folder of plain tests, and one for the files right below test/. */
function folderLanes(paths: readonly string[]): Lane[] {
  const top = paths.filter((path) => path.split("/").length === 2);
  const folders = [...new Set(paths.filter((path) => !top.includes(path)).map((path) => path.split("/", 2).join("/")))];
  return [...(top.length === 0 ? [] : [plainLane(top, "top")]), ...folders.map((folder) => plainLane([folder]))];
}

function plainLane(paths: readonly string[], name = (paths[0] ?? "").replace(/^test\/|\.test\.ts$/g, "")): Lane {
  return { name, kind: "plain", paths };
}

/**
 * About how many seconds a lane takes, where no earlier run says: by its tests, and by the time that they may take,
 * which long ones say.
 */
export function guessedSeconds(lane: Lane, files: ReadonlyMap<string, string>): number {
  const texts = [...files].filter(([path]) => lane.paths.some((at) => path === at || path.startsWith(`${at}/`)));
  const text = texts.map(([, content]) => content).join("\n");
  const tests = text.match(/\b\w*[tT]est\(/g)?.length ?? 0;
  if (lane.kind === "plain") return tests / 20;
  const limits = [...text.matchAll(/\b(\d{2,4})_000\b/g)].map(([, seconds]) => Number(seconds));
  return (lane.kind === "vm" ? 200 : 0) + tests + limits.reduce((sum, seconds) => sum + seconds, 0) / 20;
}

/** How early a lane has to start: what it takes, with all that may not run beside it. */
export function urgency(lane: Lane, waiting: readonly Lane[], seconds: (lane: Lane) => number): number {
  if (lane.alone === undefined) return seconds(lane);
  return waiting.filter(({ alone }) => alone === lane.alone).reduce((sum, other) => sum + seconds(other), 0);
}
