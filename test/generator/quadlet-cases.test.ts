import { afterAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "../../src/generator/generate.ts";
import { defaultServiceName, fileTypeOf } from "../../src/generator/reading/file-type.ts";
import { findSources } from "../../src/generator/reading/search.ts";
import { formatDiagnostic } from "../../src/unit/diagnostic.ts";
import { type CaseResult, holds, parseAssertions } from "./quadlet-assertion.ts";

// Podman's own cases for Quadlet, which are not part of this repository: a directory of them may be named in the
// environment.
const CASES = process.env.BERTH_QUADLET_CASES ?? join(import.meta.dir, "../../../shared/reference/quadlet-cases");

const BASIC = ["build", "container", "image", "kube", "network", "pod", "volume"].map((type) => `basic.${type}`);
const STARTED_WITH_POD = ["_no", "_yes", "@", "@foo"].map((name) => `startwithpod${name}.container`);

/** What a case needs beside it. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  "a.network.reuse.name.container": ["name.container"],
  "network.reuse.name.container": ["name.container"],
  "build.multiple-tags.container": ["multiple-tags.build"],
  "build.quadlet.volume": ["basic.build"],
  "dependent.container": BASIC,
  "dependent.image": BASIC,
  "dependent.network": BASIC,
  "dependent.volume": BASIC,
  "image.quadlet.servicename.volume": ["service-name.image"],
  "mount.servicename.container": ["service-name.volume"],
  "volume.servicename.container": ["service-name.volume"],
  "volume.container": ["basic.volume"],
  "startwithpod.pod": STARTED_WITH_POD,
};

/** There for others only. */
const NO_CASES: readonly string[] = [...STARTED_WITH_POD, "template-dependency@.network"];
const TYPES = ["container", "image", "network", "pod", "volume"] as const;

/** What the cases call the program, and expect in the command lines. */
const PROGRAM = "/usr/bin/podman";

interface Difference {
  readonly reason: string;
  /** Beginnings of the assertions that do not hold. */
  readonly assertions: readonly string[];
}

const OWN_DIRECTORY = "what has to be mounted is berth's own directory";
const NO_CONF = "berth has no containers.conf: the key is refused";
const NO_GLOBAL_FLAGS = "berth has no flags in front of its sub-commands: the key is refused";
const NO_LABELS = "berth gives no process an SELinux label, so there is nothing to turn off";
const NO_PROXY = "berth hands no proxy of its own environment on, so there is nothing to turn off";
const PORT_TWICE =
  "a file that publishes one port of the host twice fails at each start, with Podman too: it is refused";
const NO_PROCESS = "a pod has no process: no infra container, no PID file, nothing that could end";

/** Where berth differs from Podman's generator on purpose. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "basepodman.container": {
    reason: "containers are always removed and replaced, and live in the unit's own cgroup: no flags say so",
    assertions: ["assert-podman-final-args run"],
  },
  "basic.container": {
    reason: "the same, and berth has its own commands, directories and notification",
    assertions: [
      'assert-podman-args "--rm"',
      'assert-podman-args "--replace"',
      'assert-podman-args "--cgroups=split"',
      'assert-podman-args "--sdnotify=conmon"',
      'assert-key-is "Unit" "RequiresMountsFor"',
      'assert-key-is-regex "Service" "ExecStop',
      'assert-key-is "Service" "Environment" "PODMAN_SYSTEMD_UNIT=%n"',
      'assert-key-is-regex "Unit" "Wants"',
    ],
  },
  "no_deps.container": {
    reason: "the pipe that stands for /dev/stdout needs nothing of what default dependencies are about",
    assertions: ['assert-key-is-empty "Unit" "Wants"'],
  },
  "exec-unsupported-escape.container": {
    reason: "an unknown escape is an error: a container that starts without its command is worse",
    assertions: ["assert-podman-final-args"],
  },
  "label-unsupported-escape.container": {
    reason: "an unknown escape is an error: labels that are lost without a word are worse",
    assertions: ["assert-podman-final-args"],
  },
  "memory.container": { reason: "becomes MemoryMax= of the service", assertions: ["assert-podman-args --memory"] },
  "pids-limit.container": {
    reason: "becomes TasksMax= of the service",
    assertions: ['assert-podman-args "--pids-limit"'],
  },
  "disableselinux.container": { reason: NO_LABELS, assertions: ['assert-podman-args "--security-opt"'] },
  "httpproxy-false.container": { reason: NO_PROXY, assertions: ["assert-podman-args --http-proxy"] },
  "ports.container": { reason: PORT_TWICE, assertions: ["assert-podman-args"] },
  "ports_ipv6.container": { reason: PORT_TWICE, assertions: ["assert-podman-args"] },
  "podmanargs.container": {
    reason: "flags that berth run does not have are refused instead of failing at every start",
    assertions: ["assert-podman-args"],
  },
  "podmanargs.network": {
    reason: "flags that the command does not have are refused",
    assertions: ["assert-podman-args"],
  },
  "podmanargs.volume": {
    reason: "flags that the command does not have are refused",
    assertions: ["assert-podman-args"],
  },
  "containersconfmodule.image": { reason: NO_CONF, assertions: ["assert-podman-global-args"] },
  "containersconfmodule.network": { reason: NO_CONF, assertions: ["assert-podman-global-args"] },
  "build.quadlet.volume": {
    reason: ".build files are not supported yet, and a reference to one is refused",
    assertions: ["assert-podman-args", 'assert-key-is "Unit" "Requires"', 'assert-key-is-regex "Unit" "After"'],
  },
  "globalargs.container": { reason: NO_GLOBAL_FLAGS, assertions: ["assert-podman-"] },
  "globalargs.volume": { reason: NO_GLOBAL_FLAGS, assertions: ["assert-podman-global-args"] },
  "basic.image": { reason: OWN_DIRECTORY, assertions: ['assert-key-is "Unit" "RequiresMountsFor"'] },
  "basic.network": { reason: OWN_DIRECTORY, assertions: ["assert-key-is Unit RequiresMountsFor"] },
  "basic.volume": { reason: OWN_DIRECTORY, assertions: ["assert-key-is Unit RequiresMountsFor"] },
  "basic.pod": {
    reason: `${OWN_DIRECTORY}; ${NO_PROCESS}`,
    assertions: [
      "assert-key-is Unit RequiresMountsFor",
      "assert-key-is Service Type forking",
      "assert-key-is Service Restart on-failure",
      "assert-key-is-regex Service ExecStartPre",
    ],
  },
  "name.pod": { reason: NO_PROCESS, assertions: ['assert-podman-pre-args "--infra-name"'] },
  "restart.pod": {
    reason: `${OWN_DIRECTORY}; ${NO_PROCESS}`,
    assertions: ["assert-key-is Unit RequiresMountsFor", "assert-key-is Service Type forking"],
  },
  "service-environment.pod": {
    reason: "the unit's name is a flag of the command, so it needs no variable",
    assertions: ["assert-key-is Service Environment"],
  },
  "quotes.container": {
    reason: "no container can have a quotation mark in its name, which Podman says at start",
    assertions: ["assert-podman-final-args", "assert-podman-args"],
  },
};

function runCase(name: string): CaseResult & { readonly refusals: readonly string[] } {
  const root = mkdtempSync(join(tmpdir(), "podman-e2e-"));
  try {
    // Some of the assertions are about this shape of the path.
    const directory = join(root, "subtest-1/quadlet");
    mkdirSync(directory, { recursive: true });
    for (const file of [name, `${name}.d`, `${name.replace(/@[^.]*\./, "@.")}.d`, ...(COMPANIONS[name] ?? [])]) {
      if (existsSync(join(CASES, file))) cpSync(join(CASES, file), join(directory, file), { recursive: true });
    }
    const sources = findSources([{ path: directory }]);
    const generated = generate(sources, { scope: "system", berth: PROGRAM });
    const service = name.startsWith("service-name.") ? "basic.service" : serviceOf(name);
    const text = generated.files.find((file) => file.name === service)?.text;
    const own = generated.diagnostics.filter(({ path }) => path.startsWith(name));
    return {
      unit: text?.includes(`${PROGRAM} refuse `) ? undefined : text,
      links: new Map(generated.links.map(({ path, target }) => [path, target])),
      messages: own.map(formatDiagnostic).join("\n"),
      refusals: own.filter(({ code }) => code === "not-supported-yet").map(formatDiagnostic),
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** `data-volume.service` of `data.volume`. */
function serviceOf(name: string): string {
  const type = fileTypeOf(name);
  if (type === undefined) throw new Error(`${name} is of no type`);
  return `${defaultServiceName(name, type)}.service`;
}

function defineCases(type: string): void {
  const names = readdirSync(CASES).filter((name) => name.endsWith(`.${type}`) && !NO_CASES.includes(name));
  const counts = { passed: 0, different: 0, "not supported yet": 0 };
  for (const name of names.sort()) {
    test(`Quadlet case ${name}`, () => {
      const result = runCase(name);
      const known = DIFFERENCES[name];
      if (type === "container" && result.refusals.length > 0 && known === undefined) {
        // Refused, rather than ignored; keys of the other types are all supported.
        expect(result.unit).toBeUndefined();
        counts["not supported yet"]++;
        return;
      }
      const assertions = parseAssertions(readFileSync(join(CASES, name), "utf8"));
      const failed = assertions.filter((assertion) => !holds(assertion, result)).map(({ text }) => text);
      const expected = (text: string): boolean => known?.assertions.some((start) => text.startsWith(start)) === true;
      expect({ failed: failed.filter((text) => !expected(text)), messages: result.messages }).toEqual({
        failed: [],
        messages: result.messages,
      });
      // An entry of the table that is no longer true has to go.
      for (const start of known?.assertions ?? []) expect(failed.some((text) => text.startsWith(start))).toBe(true);
      counts[known === undefined ? "passed" : "different"]++;
    });
  }
  afterAll(() => {
    const parts = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    console.log(`Quadlet cases (.${type}): ${parts.join(", ")}, of ${names.length}`);
  });
}

if (!existsSync(CASES)) {
  console.log("Quadlet cases: none here, so nothing is compared (set BERTH_QUADLET_CASES to their directory)");
} else {
  for (const type of TYPES) defineCases(type);
}
