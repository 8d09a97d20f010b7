import { afterAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "../../src/generator/generate.ts";
import { findSources } from "../../src/generator/search.ts";
import { formatDiagnostic } from "../../src/unit/diagnostic.ts";
import { type CaseResult, holds, parseAssertions } from "./quadlet-assertion.ts";

// Podman's own cases for Quadlet, which are not part of this repository: a directory of them may be named in the environment.
const CASES = process.env.BERTH_QUADLET_CASES ?? join(import.meta.dir, "../../../shared/reference/quadlet-cases");

/** What a case needs beside it. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  "a.network.reuse.name.container": ["name.container"],
  "network.reuse.name.container": ["name.container"],
  "build.multiple-tags.container": ["multiple-tags.build"],
  "dependent.container": [
    "basic.build",
    "basic.container",
    "basic.image",
    "basic.kube",
    "basic.network",
    "basic.pod",
    "basic.volume",
  ],
  "mount.servicename.container": ["service-name.volume"],
  "volume.servicename.container": ["service-name.volume"],
  "volume.container": ["basic.volume"],
};

interface Difference {
  readonly reason: string;
  /** Beginnings of the assertions that do not hold. */
  readonly assertions: readonly string[];
}

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
  "stopsignal.container": {
    reason: "becomes KillSignal= of the service",
    assertions: ['assert-podman-args "--stop-signal"'],
  },
  "podmanargs.container": {
    reason: "flags that berth run does not have are refused instead of failing at every start",
    assertions: ["assert-podman-args"],
  },
  "quotes.container": {
    reason: "no container can have a quotation mark in its name, which Podman says at start",
    assertions: ["assert-podman-final-args", "assert-podman-args"],
  },
};

const counts = { passed: 0, different: 0, "not supported yet": 0 };

function runCase(name: string): CaseResult & { readonly refusals: readonly string[] } {
  const root = mkdtempSync(join(tmpdir(), "podman-e2e-"));
  try {
    // Some of the assertions are about this shape of the path.
    const directory = join(root, "subtest-1/quadlet");
    mkdirSync(directory, { recursive: true });
    for (const file of [name, `${name}.d`, ...(COMPANIONS[name] ?? [])]) {
      if (existsSync(join(CASES, file))) cpSync(join(CASES, file), join(directory, file), { recursive: true });
    }
    const sources = findSources([{ path: directory }]);
    const generated = generate(sources, { scope: "system", berth: "/usr/local/bin/berth" });
    const text = generated.files.find((file) => file.name === `${name.replace(/\.container$/, "")}.service`)?.text;
    const own = generated.diagnostics.filter(({ path }) => path.startsWith(name));
    return {
      unit: text?.includes("/berth refuse ") ? undefined : text,
      links: new Map(generated.links.map(({ path, target }) => [path, target])),
      messages: own.map(formatDiagnostic).join("\n"),
      refusals: own.filter(({ code }) => code === "not-supported-yet").map(formatDiagnostic),
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}

if (!existsSync(CASES)) {
  console.log("Quadlet cases: none here, so nothing is compared (set BERTH_QUADLET_CASES to their directory)");
} else {
  const names = readdirSync(CASES).filter((name) => name.endsWith(".container") && !name.startsWith("startwithpod"));
  for (const name of names.sort()) {
    test(`Quadlet case ${name}`, () => {
      const result = runCase(name);
      const known = DIFFERENCES[name];
      if (result.refusals.length > 0 && known === undefined) {
        // Refused, rather than ignored.
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
    console.log(`Quadlet cases (.container): ${parts.join(", ")}, of ${names.length}`);
  });
}
