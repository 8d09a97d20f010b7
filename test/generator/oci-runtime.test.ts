import { expect, test } from "bun:test";
import { generate } from "../../src/generator/generate.ts";
import type { GenerateOptions } from "../../src/generator/making/context.ts";

const OPTIONS: GenerateOptions = { scope: "system", berth: "/usr/local/bin/berth" };

function unit(text: string, options: Partial<GenerateOptions> = {}): string {
  const content = new TextEncoder().encode(`[Container]\nImage=registry.example/app:1\n${text}`);
  const source = {
    name: "app.container",
    path: "/etc/app.container",
    shownPath: "app.container",
    content,
    dropIns: [],
  };
  const { files, diagnostics } = generate([source], { ...OPTIONS, ...options });
  expect(diagnostics).toEqual([]);
  return files.map((file) => file.text).join("\n");
}

test("Runtime= of [Berth] is the flag", () => {
  expect(unit("[Berth]\nRuntime=crun\n")).toMatch(/^ExecStart=.* --runtime crun .*registry\.example/m);
  expect(unit("")).not.toContain("--runtime");
});

test.each([
  ["without a word", "", {}, false],
  ["by berth.conf", "", { defaultRuntime: "crun" }, true],
  ["by its file", "[Berth]\nRuntime=crun\n", {}, true],
  ["by its file, against berth.conf", "[Berth]\nRuntime=runc\n", { defaultRuntime: "crun" }, false],
  ["by podman's flag", "PodmanArgs=--runtime=crun\n", {}, true],
  ["by podman's flag in two words", "PodmanArgs=--runtime crun\n", {}, true],
] as const)(
  "a oneshot wants a pipe for /dev/stdout where its OCI runtime makes none: %s",
  (_, text, options, wants) => {
    const made = unit(`${text}[Service]\nType=oneshot\n`, options);
    expect(made.includes("Wants=berth-log@%N.socket")).toBe(wants);
  },
);
