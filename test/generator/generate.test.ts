// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.
import { describe, expect, test } from "bun:test";
import { generate } from "../../src/generator/generate.ts";
import type { GenerateOptions } from "../../src/generator/making/context.ts";
import { UNSET_ENVIRONMENT } from "../../src/generator/making/environment.ts";
import type { Source } from "../../src/generator/reading/source.ts";
import type { RunningUnit } from "../../src/state/running-units.ts";
import { formatDiagnostic } from "../../src/unit/diagnostic.ts";
import { parseUnitText } from "../../src/unit/unit-file.ts";
import { splitWords } from "../../src/unit/words.ts";

const OPTIONS: GenerateOptions = { scope: "system", berth: "/usr/local/bin/berth" };

function source(name: string, text: string | Uint8Array): Source {
  const content = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return { name, path: `/etc/containers/systemd/${name}`, shownPath: name, content, dropIns: [] };
}

const GOOD = "[Container]\nImage=registry.example/app:1\n";

test("the same input gives the same output", () => {
  const sources = [source("a.container", GOOD), source("b.container", `${GOOD}Imge=x\n`)];
  expect(generate(sources, OPTIONS)).toEqual(generate(sources, OPTIONS));
});

test("a bad file does not keep others from coming out", () => {
  const { files, diagnostics } = generate(
    [source("bad.container", "garbage\n[Container\nX"), source("good.container", GOOD), source("bad.volume", "[")],
    OPTIONS,
  );
  expect(files.map(({ name }) => name).sort()).toEqual(["bad-volume.service", "bad.service", "good.service"]);
  expect(files.find(({ name }) => name === "good.service")?.text).toContain("/berth run ");
  expect(files.find(({ name }) => name === "bad.service")?.text).toContain("/berth refuse -- ");
  expect(diagnostics.some(({ path }) => path === "good.container")).toBe(false);
});

test("an internal error is a diagnostic of that file", () => {
  let reads = 0;
  const broken: Source = {
    ...source("broken.container", GOOD),
    get path(): string {
      if (++reads === 1) throw new TypeError("made to fail");
      return "/etc/containers/systemd/broken.container";
    },
  };
  const { files, diagnostics } = generate([broken, source("good.container", GOOD)], OPTIONS);
  expect(diagnostics.map(formatDiagnostic)).toEqual(["broken.container: error: internal error: made to fail"]);
  expect(files.map(({ name }) => name).sort()).toEqual(["broken.service", "good.service"]);
});

test("diagnostics name the word concerned, in continued lines and behind wide characters too", () => {
  const text = `[Container]\nImage=registry.example/app:1\nAddCapability=CAP_CHOWN \\\n  CAP_NOPE\nLabel="ü=𝄞" x=1 'y=\\q'\n`;
  const { diagnostics } = generate([source("app.container", text)], OPTIONS);
  expect(diagnostics.map(formatDiagnostic)).toEqual([
    'app.container:4:3: error: AddCapability: "CAP_NOPE" is not a capability',
    "app.container:5:20: error: Label: unknown escape \\q (write a backslash as \\\\)",
  ]);
});

test("a stub's command line holds the diagnostics as they are, whatever is in them", () => {
  const text = `${GOOD}Exec=%n $HOME \${X} "quoted\nIm"ge%i$x=1\n`;
  const { files, diagnostics } = generate([source("app.container", text)], OPTIONS);
  expect(diagnostics).not.toEqual([]);
  const line = /^ExecStart=(.*)$/m.exec(files[0]?.text ?? "")?.[1] ?? "";
  // No specifier and no variable is left for systemd to fill in.
  expect(line.replaceAll("%%", "")).not.toContain("%");
  expect(line.replaceAll("$$", "")).not.toContain("$");
});

test("names that are special to JavaScript are plain names", () => {
  const text = `${GOOD}__proto__=1\nconstructor=2\n[__proto__]\nx=1\n[toString]\nMount=1\n`;
  const { diagnostics } = generate([source("constructor.container", text)], OPTIONS);
  expect(diagnostics.filter(({ code }) => code === "unknown-key")).toHaveLength(2);
  expect(diagnostics.some(({ code }) => code === "internal-error")).toBe(false);
  const mounts = `${GOOD}Mount=type=constructor,dst=/x\nMount=type=bind,src=/a,dst=/b,toString\nPodmanArgs=--constructor\n`;
  expect(generate([source("a.container", mounts)], OPTIONS).diagnostics).toHaveLength(3);
});

/** A small generator of numbers, so that a failing input can be made again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("systemd gets exactly the words that were written", () => {
  const pieces = ["a", " ", "\t", "\n", '"', "'", "\\", ";", "%", "$", "é", "𝄞", "--", "=", "{", "}", "\x01", "#"];
  const pick = random(7);
  for (let round = 0; round < 500; round++) {
    const words = Array.from({ length: 1 + pick(5) }, () =>
      Array.from({ length: pick(6) }, () => pieces[pick(pieces.length)] ?? "").join(""),
    );
    // As a person would write them: in quotes, with C escapes.
    const written = words.map(
      (word) => `"${word.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t")}"`,
    );
    const { files, diagnostics } = generate([source("a.container", `${GOOD}Exec=${written.join(" ")}\n`)], OPTIONS);
    // Nothing here sets a variable, which is no more than a warning.
    expect(diagnostics.filter(({ severity }) => severity === "error").map(formatDiagnostic)).toEqual([]);
    const line = /^ExecStart=(.*)$/m.exec(files[0]?.text ?? "")?.[1] ?? "";
    const read = splitWords(line, "systemd").words;
    const image = read.findIndex(({ text }) => text === "registry.example/app:1");
    expect(read.slice(image + 1).map(({ text }) => text)).toEqual(words);
    // A bare semicolon would begin a second command.
    expect(read.filter(({ text, quoted }) => text === ";" && !quoted)).toEqual([]);
  }
});

/** What is put into files at random. */
const PIECES = [
  "=",
  "\n",
  "\\",
  '"',
  "'",
  "%",
  "$",
  "${",
  ":",
  ",",
  "/",
  "[",
  "]",
  "\0",
  "\r",
  ";",
  "@",
  "..",
  "é",
  "\ud800",
  " ",
];

/** The text with one to six changes. */
function mutate(original: string, pick: (below: number) => number): string {
  let text = original;
  for (let edits = 1 + pick(6); edits > 0; edits--) {
    const at = pick(text.length);
    text = text.slice(0, at) + (PIECES[pick(PIECES.length)] ?? "") + text.slice(at + pick(4));
  }
  return text;
}

test("mutated files give units or diagnostics, never an internal error", () => {
  const seedText = [
    '[Unit]\nAfter=b.container\n[Container]\nImage=registry.example/app:1\nExec=a "b c" \\x41\nVolume=./a:/b:ro\n',
    "Mount=type=bind,src=/a,dst=/b\nPublishPort=[::1]:80:80/tcp\nEnvironment=A=1 'B=2 3'\nUlimit=nofile=1:2\nTmpfs=/t:size=5m\n",
    "PodmanArgs=--tty --label x=1\nUser=a\nGroup=b\nMemory=5g\nNetwork=host\n[Socket]\nListenStream=80\nAccept=no\n",
    "[Berth]\nSocketProxy=80\nStopWhenIdle=5min\n[Service]\nType=notify\n[Install]\nWantedBy=sockets.target a.target\nAlias=x.service\n",
  ].join("");
  const pick = random(20_26);
  for (let round = 0; round < 3_000; round++) {
    const text = mutate(seedText, pick);
    const { files, diagnostics } = generate([source("a.container", text), source("b.container", GOOD)], OPTIONS);
    const internal = diagnostics.filter(({ code }) => code === "internal-error").map(formatDiagnostic);
    expect({ round, text: internal.length > 0 ? text : "", internal }).toEqual({ round, text: "", internal: [] });
    expect(files.some(({ name }) => name === "b.service")).toBe(true);
    // Whatever goes in, what comes out is a unit file, and says where every one of its lines belongs.
    for (const { text: unit } of files)
      expect(parseUnitText("unit", unit).diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  }
});

test("mutated files that refer to each other give units or diagnostics, never an internal error", () => {
  const seeds: Readonly<Record<string, string>> = {
    "app.container":
      "[Unit]\nAfter=data.volume\nRequires=one.container\n[Container]\nImage=app.image\nVolume=data.volume:/a:ro\nMount=type=image,src=app.image,dst=/b\nPod=web.pod\nStartWithPod=no\nContainerName=%N-x\n",
    "one.container":
      "[Container]\nImage=app.image\nNetwork=back.network:ip=10.90.0.7,alias=a\nNetwork=app.container\nIP=10.90.0.9\n",
    "job@.container":
      "[Unit]\nBefore=app.container\n[Container]\nImage=app.image\nVolume=work@.volume:/w\nPod=team@.pod\n",
    "app.image": "[Image]\nImage=docker-archive:/a.tar\nImageTag=registry.example/app:1\nPolicy=always\nTLSVerify=no\n",
    "back.network":
      "[Unit]\nAfter=data.volume\n[Network]\nSubnet=10.90.0.0/24\nGateway=10.90.0.1\nIPRange=10.90.0.5-10.90.0.9\nSubnet=fd00::/64\nOptions=mtu=1400\n",
    "data.volume":
      "[Unit]\nAfter=app.image\n[Volume]\nVolumeName=%N\nDevice=/a\nType=bind\nOptions=bind\nUser=5\nPodmanArgs=--label x=1\n",
    "web.pod":
      "[Pod]\nNetwork=back.network\nPublishPort=80:80\nVolume=data.volume:/x\nExitPolicy=stop\n[Service]\nSlice=web-%p.slice\nRestart=always\n",
    "team@.pod": "[Pod]\nPodName=%p-of-%i\nServiceName=team@\n",
    "work@.volume": "[Volume]\nDriver=image\nImage=app.image\n",
  };
  const pick = random(4_711);
  for (let round = 0; round < 400; round++) {
    const sources = Object.entries(seeds).map(([name, text]) =>
      source(name, pick(3) === 0 ? mutate(text, pick) : text),
    );
    const { files, diagnostics } = generate([...sources, source("good.container", GOOD)], OPTIONS);
    const internal = diagnostics.filter(({ code }) => code === "internal-error").map(formatDiagnostic);
    expect({ round, internal }).toEqual({ round, internal: [] });
    expect(files.some(({ name, text }) => name === "good.service" && text.includes("/berth run "))).toBe(true);
    for (const { text: unit } of files)
      expect(parseUnitText("unit", unit).diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  }
});

test("a service that runs keeps its end when its file is gone or wrong", () => {
  const sources = [source("good.container", GOOD), source("good@.container", GOOD), source("bad@.container", "[")];
  const runs = [
    "good.service",
    "good@a.service",
    "bad@a.service",
    "gone.service",
    "of-admin.service",
    "web-pod.service",
  ];
  const find = (name: string): RunningUnit | undefined => {
    if (name === "of-admin.service" || !runs.includes(name)) return undefined;
    return name === "web-pod.service"
      ? { kind: "pod", id: "1", name: "web" }
      : { kind: "container", id: "2", pod: "web-pod.service" };
  };
  const { files } = generate(sources, { ...OPTIONS, running: { names: runs, find } });
  const ends = files.filter(({ text }) => text.includes("/berth refuse") && text.includes("ExecStopPost="));
  expect(ends.map(({ name }) => name)).toEqual(["bad@a.service", "gone.service", "web-pod.service"]);
  expect(files.map(({ name }) => name)).not.toContain("of-admin.service");
  expect(ends[0]?.text).toContain("bad@.container (refused because of errors)");
  expect(ends[1]?.text).toBe(`# Automatically generated by berth-generator

[Unit]
Description=gone.service (its file has been removed: it can only be stopped)
Wants=berth-log@%N.socket
BindsTo=web-pod.service
After=web-pod.service

[Service]
Type=notify
NotifyAccess=all
Delegate=yes
PrivateMounts=yes
KillMode=mixed
ExecStop=-/usr/local/bin/berth stop-payload --unit %n
ExecStopPost=-/usr/local/bin/berth cleanup --unit %n
SyslogIdentifier=%N
UnsetEnvironment=${UNSET_ENVIRONMENT}
ExecStart=/usr/local/bin/berth refuse -- "gone.service: its file has been removed, so it cannot be started any more"
`);
  expect(ends[2]?.text).toContain("ExecStopPost=/usr/local/bin/berth pod rm --ignore --force web\n");
});

describe("the signal by which a payload stops", () => {
  const web = source("web.container", "[Container]\nImage=registry.example/web\n");
  const known = new Map([["registry.example/web:latest", 3]]);
  /** The lines that stop the service, and whether its launcher knows of them. */
  function stops(options: Partial<GenerateOptions>, file = web, name = "web.service"): string[] {
    const { files } = generate([file], { ...OPTIONS, ...options });
    const text = files.find((one) => one.name === name)?.text ?? "";
    return text.match(/^(?:ExecStop|KillSignal)=.*|--unit-signal=\S+/gm) ?? [];
  }
  const byCommand = ["ExecStop=-/usr/local/bin/berth stop-payload --unit %n"];
  const running = (signals: readonly (number | undefined)[]) => ({
    running: { names: [], find: () => undefined, stopSignals: () => signals },
  });

  test("is the image's where that is known, and found out at the stop where it is not", () => {
    expect(stops({})).toEqual(byCommand);
    expect(stops({ stopSignals: known })).toEqual(["KillSignal=SIGQUIT", "--unit-signal=SIGQUIT"]);
    expect(stops({ stopSignals: new Map([["registry.example/web:latest", 15]]) })).toEqual(["--unit-signal=SIGTERM"]);
    expect(stops({ stopSignals: known, scope: "user" })).toEqual(byCommand);
    for (const image of ["web", "registry.example/web:2", "registry.example/%p", `sha256:${"0".repeat(64)}`])
      expect(stops({ stopSignals: known }, source("web.container", `[Container]\nImage=${image}\n`))).toEqual(
        byCommand,
      );
  });

  test("is that of the payload that runs, whose image may have lost its name to another", () => {
    expect(stops({ stopSignals: known, ...running([15]) })).toEqual(["--unit-signal=SIGTERM"]);
    expect(stops({ stopSignals: known, ...running([undefined]) })).toEqual(byCommand);
    expect(stops(running([10, 10]))).toEqual(["KillSignal=SIGUSR1", "--unit-signal=SIGUSR1"]);
    expect(stops(running([10, 12]))).toEqual(byCommand);
    expect(stops(running([10, undefined]))).toEqual(byCommand);
  });

  test("is what the file says, whatever the image says", () => {
    const file = (lines: string) => source("web.container", `[Container]\nImage=registry.example/web\n${lines}`);
    expect(stops({ stopSignals: known }, file("StopSignal=USR1\n"))).toEqual(["KillSignal=SIGUSR1"]);
    expect(stops({ stopSignals: known }, file("StopTimeout=0\n"))).toEqual(["KillSignal=SIGKILL"]);
    expect(stops({ stopSignals: known }, file("[Service]\nKillSignal=SIGINT\n"))).toEqual(["KillSignal=SIGINT"]);
    expect(stops({ stopSignals: known }, file("[Service]\nType=oneshot\n"))).toEqual([]);
  });

  test("is that of a running service whose file is gone", () => {
    const find = (): RunningUnit => ({ kind: "container", id: "2", stopSignal: 3, stopTimeout: 5 });
    const gone = { running: { names: ["gone.service"], find } };
    expect(stops(gone, web, "gone.service")).toEqual(["KillSignal=SIGQUIT"]);
  });
});

test("a launcher is started beside its container's cgroup where systemd can do that", () => {
  const lines = (delegatesSubgroup: boolean, service = "") => {
    const file = source("web.container", `[Container]\nImage=registry.example/web:1\n${service}`);
    return generate([file], { ...OPTIONS, delegatesSubgroup }).files[0]?.text.match(/^DelegateSubgroup=.*/gm);
  };
  expect(lines(true)).toEqual(["DelegateSubgroup=launcher"]);
  expect(lines(false)).toBeNull();
  expect(lines(true, "[Service]\nDelegateSubgroup=mine\n")).toEqual(["DelegateSubgroup=mine"]);
});

test.each([
  ["", true],
  ["StandardOutput=null\n", true],
  ["StandardOutput=journal\nStandardError=null\n", true],
  ["StandardOutput=null\nStandardError=kmsg\n", true],
  ["StandardOutput=append:/var/log/web\nStandardError=inherit\n", false],
  ["StandardOutput=file:/srv/out\nStandardError=tty\n", false],
])("a pipe for /dev/stdout is there where output may go to the journal: %j", (service, expected) => {
  const file = source("web.container", `[Container]\nImage=registry.example/web:1\n[Service]\n${service}`);
  const [made] = generate([file], OPTIONS).files;
  expect(made?.text.includes("Wants=berth-log@%N.socket")).toBe(expected);
});
