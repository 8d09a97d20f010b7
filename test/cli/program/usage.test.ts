import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import packageJson from "../../../package.json";
import { INSTEAD } from "../../../src/cli/program/usage-error.ts";
import { VERSION } from "../../../src/cli/program/version.ts";
import { COMMAND_TABLE } from "../../../src/setup/commands.ts";

const ENTRY = join(import.meta.dir, "../../../src/main.ts");

function berth(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

function refusal(message: string) {
  return { status: 125, stdout: "", stderr: `berth: error: ${message}\n` };
}

test("a misspelt command, option or choice is told on one line, with what was meant", () => {
  expect(berth("rnu")).toEqual(refusal('unknown command "rnu" (did you mean "run"?)'));
  expect(berth("help", "rnu")).toEqual(refusal('unknown command "rnu" (did you mean "run"?)'));
  expect(berth("ps", "--al")).toEqual(refusal('unknown option "--al" (did you mean --all?)'));
  expect(berth("--hlp")).toEqual(refusal('unknown option "--hlp" (did you mean --help?)'));
  expect(berth("run", "--hosname", "x", "y").stderr).toContain("(did you mean --hostname?)");
  const expected = "table, json, or a template as {{.Name}} is expected";
  expect(berth("network", "ls", "--format", "x")).toEqual(refusal(`--format x: ${expected}`));
  const choices = "allowed choices are host-local, none, dhcp (see berth network create --help)";
  expect(berth("network", "create", "--ipam-driver", "x")).toEqual(refusal(`--ipam-driver x: ${choices}`));
});

test("what is missing or too much is told with where to read on", () => {
  expect(berth("exec")).toEqual(refusal("missing required argument CONTAINER (see berth exec --help)"));
  expect(berth("ps", "x")).toEqual(refusal("arguments: 0 expected, 1 given (see berth ps --help)"));
  expect(berth("logs", "-n")).toEqual(refusal("--tail needs a value (see berth logs --help)"));
  expect(berth("--frobnicate-everything")).toEqual(
    refusal('unknown option "--frobnicate-everything" (see berth --help)'),
  );
});

test("a terminal that is asked for has to be there", () => {
  const message = refusal("--tty needs a terminal as standard input: leave it out");
  expect(berth("run", "-it", "registry.example/app:1")).toEqual(message);
  expect(berth("exec", "-t", "web", "sh")).toEqual(message);
});

test("a group of commands has help, suggestions and errors of its own", () => {
  expect(berth("image", "--help").stdout).toMatch(
    /^Usage: berth image \[options\] \[command\]\n[\s\S]*\n {2}pull +Pull images\n/,
  );
  expect(berth("image")).toMatchObject({ status: 125, stdout: "" });
  expect(berth("image", "pul")).toEqual(refusal('unknown command "image pul" (did you mean "image pull"?)'));
  expect(berth("imag")).toEqual(refusal('unknown command "imag" (did you mean "image"?)'));
  expect(berth("image", "remove", "--help").stdout).toStartWith("Usage: berth image rm");
  expect(berth("image", "remove", "--frob").stderr).toContain("(see berth image rm --help)");
  expect(berth("image", "rm")).toEqual(refusal("missing required argument IMAGE (see berth image rm --help)"));
});

test("commands known from elsewhere are answered with what does the same", () => {
  expect(berth("restart", "web")).toEqual(refusal('unknown command "restart" (systemctl restart does that)'));
  expect(berth("network", "connect", "a", "b").stderr).toContain("Network= of the container file does that");
  expect(berth("compose", "up").stderr).toContain("container files do that");
  expect(berth("image", "mount", "x").stderr).toContain("--mount type=image");
  for (const word of Object.keys(INSTEAD)) {
    expect(COMMAND_TABLE.commands.map(({ name }) => name)).not.toContain(word);
    expect(COMMAND_TABLE.groups.map(({ name }) => name)).not.toContain(word);
  }
  expect(berth("toString").stderr).toContain("see berth --help");
});

test("no guess is far from what was typed, and none that removes things is more than a letter away", () => {
  expect(berth("volume", "foo")).toEqual(refusal('unknown command "volume foo" (see berth --help)'));
  expect(berth("image", "drum")).toEqual(refusal('unknown command "image drum" (see berth --help)'));
  expect(berth("image", "prun")).toEqual(refusal('unknown command "image prun" (did you mean "image prune"?)'));
  expect(berth("image", "lst").stderr).toContain('did you mean "image ls"?');
});

test("flags of other engines are never taken for misspelt ones", () => {
  for (const flag of ["--pid", "--ipc", "--no-hosts", "--systemd", "--uts", "--device"])
    expect(berth("run", flag, "x", "y").stderr).toContain(`flag ${flag} is unknown, or not supported yet`);
  for (const flag of ["--pid", "--ipc", "--no-hosts"]) expect(berth("run", flag, "x").stderr).not.toContain("mean");
  expect(berth("run", "-m", "1g", "x").stderr).toContain("(MemoryMax= in [Service] of a container file does that)");
  expect(berth("run", "--restart", "always", "x").stderr).toContain(
    `--restart always: "always" is systemd's work (write a container file with Restart= in [Service])`,
  );
});

test("no command at all shows the help, as a failure", () => {
  const { status, stdout, stderr } = berth();
  expect({ status, stdout }).toEqual({ status: 125, stdout: "" });
  expect(stderr).toStartWith("Usage: berth [options] [command]\n");
  expect(berth("--help")).toEqual({ status: 0, stdout: stderr, stderr: "" });
});

test("every command shows a description and an example, whichever way help is asked for", () => {
  const visible = COMMAND_TABLE.commands.filter(({ hidden }) => !hidden);
  for (const { name } of visible) {
    const { status, stdout } = berth(...name.split(" "), "--help");
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: berth ${name}.*\n\n[A-Z][^.]*\\.`));
    expect(stdout).toMatch(/\nExamples?:\n {2}# .*\n {2}.*berth /);
    expect(berth("help", ...name.split(" ")).stdout).toBe(stdout);
  }
}, 60_000);

test("the version is the package's", () => {
  expect(VERSION).toBe(packageJson.version);
  expect(berth("--version")).toEqual({ status: 0, stdout: `berth ${VERSION}\n`, stderr: "" });
});

test("an empty name, as of a variable that nobody has set, is none", () => {
  expect(berth("rmi", "")).toEqual(refusal("an empty IMAGE is none"));
  expect(berth("stop", "web", "")).toEqual(refusal("an empty CONTAINER is none"));
  expect(berth("exec", "", "true")).toEqual(refusal("an empty CONTAINER is none"));
  for (const command of ["volume rm", "network rm", "pod stop", "image inspect", "pull", "start", "logs", "check"])
    expect(berth(...command.split(" "), "").stderr).toMatch(/^berth: error: an empty [A-Z]+ is none\n$/);
});

test("lines of units that podman has written are told how they go without", () => {
  const run = berth("run", "--cidfile=/run/a.ctr-id", "--cgroups=no-conmon", "--conmon-pidfile=/run/b", "image");
  expect(run.status).toBe(125);
  for (const word of ["cidfile", "cgroups", "conmon-pidfile"])
    expect(run.stderr).toContain(`flag --${word} is unknown, or not supported yet (leave it out: `);
  expect(berth("stop", "--ignore", "-t", "10", "web").stderr).toContain("(StopTimeout= of the container file, or ");
  expect(berth("stop", "--ignore", "--cidfile=/run/a.ctr-id").stderr).toContain("(leave ExecStop= out: systemd stops");
  expect(berth("rm", "-f", "web").stderr).toContain('unknown command "rm" (leave it out, of units too: ');
});
