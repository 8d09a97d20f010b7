import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completionFiles } from "../../src/completion/files.ts";
import { COMMAND_TABLE } from "../../src/setup/commands.ts";
import { testUnless } from "../host/lane.ts";

const files = await completionFiles(COMMAND_TABLE);
const text = (end: string) => files.find(({ path }) => path.endsWith(end))?.text ?? "";
let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-completion-"));
  // Stands in for berth: what `berth complete KIND` prints.
  const names =
    "containers) echo web; echo web-db ;; images) echo registry.example:5000/web:1; echo db:2 ;; networks) echo front ;; pods) echo shop ;;";
  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin/berth"), `#!/bin/sh\n[ "$1" = complete ] && case $2 in ${names} esac\n`);
  chmodSync(join(root, "bin/berth"), 0o755);
  writeFileSync(join(root, "web app.container"), "");
  mkdirSync(join(root, "units"));
});
afterAll(() => rmSync(root, { recursive: true }));

/** What bash would offer at the end of a line; `breaks` is COMP_WORDBREAKS. */
function offered(line: string, breaks = " \t\n\"'><=;|&(:"): string[] {
  const script = `${text("completions/berth")}
compopt() { :; }
COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDBREAKS=$2
_berth
[ \${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync("bash", ["-uc", script, "bash", line, breaks], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

test("commands, also for help", () => {
  expect(offered("berth r")).toEqual(["run", "rescan", "rmi"]);
  expect(offered("berth help lo")).toEqual(["logs", "load"]);
  expect(offered("berth ")).not.toContain("refuse");
});

test("options of the command, and their values", () => {
  expect(offered("berth ps --")).toEqual([
    "--all",
    "--filter",
    "--format",
    "--noheading",
    "--quiet",
    "--no-trunc",
    "--help",
  ]);
  expect(offered("berth pull --policy ")).toEqual(["always", "missing", "newer", "never"]);
  expect(offered("berth pull --policy=ne")).toEqual(["newer", "never"]);
  expect(offered("berth pull --policy=ne", " ")).toEqual(["--policy=newer", "--policy=never"]);
  expect(offered("berth logs -n ")).toEqual([]);
});

test("commands in two words", () => {
  expect(offered("berth im")).toEqual(["images", "image"]);
  expect(offered("berth image ")).toEqual(["pull", "ls", "rm", "load", "inspect", "exists", "prune"]);
  expect(offered("berth network exists ")).toEqual(["front"]);
  expect(offered("berth network remove ")).toEqual(["front"]);
  expect(offered("berth pod ps --fi")).toEqual(["--filter"]);
  expect(offered("berth pod p")).toEqual([]);
  expect(offered("berth image pull --policy=ne")).toEqual(["newer", "never"]);
  expect(offered("berth image inspect d")).toEqual(["db:2"]);
  expect(offered("berth image inspect --")).toEqual(["--format", "--help"]);
  expect(offered("berth network rm ")).toEqual(["front"]);
  expect(offered("berth network create ")).toEqual([]);
  expect(offered("berth pod stop ")).toEqual(["shop"]);
});

test("names of containers and images; after them, files", () => {
  expect(offered("berth exec -t w")).toEqual(["web", "web-db"]);
  expect(offered("berth logs --tail 5 web-")).toEqual(["web-db"]);
  expect(offered("berth exec web uni")).toEqual(["units"]);
  expect(offered("berth run --name x d")).toEqual(["db:2"]);
  expect(offered("berth run -d --name x db:2 b")).toEqual(["bin"]);
});

test("an image's name with colons, which bash takes for separate words", () => {
  expect(offered("berth rmi registry.example:50")).toEqual(["5000/web:1"]);
  expect(offered("berth rmi registry.example:5000/web:")).toEqual(["1"]);
  expect(offered("berth rmi registry.example:50", " ")).toEqual(["registry.example:5000/web:1"]);
});

test("files and folders", () => {
  expect(offered("berth check we")).toEqual(["web app.container"]);
  expect(offered("berth generate ").sort()).toEqual(["bin", "units"]);
  expect(offered("berth load -i un")).toEqual(["units"]);
});

test("every command is completed in each shell", () => {
  expect(files).toHaveLength(3);
  for (const { text } of files)
    for (const { name, hidden } of COMMAND_TABLE.commands)
      if (!hidden) expect(text).toContain(name.split(" ").at(-1) ?? "");
});

for (const [shell, path] of [
  ["zsh", "site-functions/_berth"],
  ["fish", "berth.fish"],
] as const) {
  const check = testUnless(existsSync(`/usr/bin/${shell}`) ? undefined : `needs ${shell}`, "completion");
  check(`${shell} can read its file`, () => {
    writeFileSync(join(root, shell), text(path));
    const { status, stderr } = spawnSync(shell, ["-n", join(root, shell)], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
}

const withFish = testUnless(existsSync("/usr/bin/fish") ? undefined : "needs fish", "completion");
withFish("fish knows the other names of a group's commands too", () => {
  const path = join(root, "fish");
  writeFileSync(path, text("berth.fish"));
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}`, HOME: root };
  const offeredByFish = (line: string) => {
    const script = `source ${path}; complete -C "${line}"`;
    const { stdout } = spawnSync("fish", ["--no-config", "-c", script], { cwd: root, env, encoding: "utf8" });
    return stdout.split("\n").flatMap((word) => word.split("\t")[0] || []);
  };
  expect(offeredByFish("berth pod ")).toContain("ls");
  expect(offeredByFish("berth pod ps ")).toEqual([]);
  expect(offeredByFish("berth pod ps --fi")).toEqual(["--filter"]);
  expect(offeredByFish("berth network remove ")).toEqual(["front"]);
});

withFish("fish offers no files beside names and modes", () => {
  const path = join(root, "fish");
  writeFileSync(path, text("berth.fish"));
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}`, HOME: root };
  const offeredByFish = (line: string) => {
    const script = `source ${path}; complete -C "${line}"`;
    const { stdout } = spawnSync("fish", ["--no-config", "-c", script], { cwd: root, env, encoding: "utf8" });
    return stdout.split("\n").flatMap((word) => word.split("\t")[0] || []);
  };
  expect(offeredByFish("berth run --userns=").map((word) => word.replace(/^--userns=/, ""))).toContain("keep-id");
  expect(offeredByFish("berth run --userns=")).not.toContain("--userns=units/");
  expect(offeredByFish("berth exec ")).not.toContain("units/");
  expect(offeredByFish("berth exec ")).toContain("web");
  expect(offeredByFish("berth exec web ")).toContain("units/");
});

const withZsh = testUnless(existsSync("/usr/bin/zsh") ? undefined : "needs zsh", "completion");
withZsh("zsh offers every value that an option's row names", () => {
  const folder = join(root, "site-functions");
  mkdirSync(folder);
  writeFileSync(join(folder, "_berth"), text("site-functions/_berth"));
  // Nothing but a shell at a terminal completes; compadd stands in for what would be shown.
  const script = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PROMPT= RPROMPT= fpath=(${folder} $fpath); autoload -U compinit; compinit -u -d ${root}/zcompdump; compadd () { local -a them; builtin compadd -O them "$@"; print -l -- OFFERED:$them >> ${root}/offered; builtin compadd "$@" }; bindkey "^I" complete-word; print rea""dy'
while zpty -r shell line; do [[ $line == *ready* ]] && break; done
zpty -w -n shell $'berth run --network \t'
for try in {1..100}; do [[ -s ${root}/offered ]] && break; sleep 0.1; done
sleep 0.1
zpty -d shell`;
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}`, HOME: root, TERM: "xterm" };
  spawnSync("zsh", ["-f", "-c", script], { cwd: root, env, encoding: "utf8" });
  const offered = readFileSync(join(root, "offered"), "utf8").split("\n");
  for (const mode of ["bridge", "host", "container:", "ns:"]) expect(offered).toContain(`OFFERED:${mode}`);
});
