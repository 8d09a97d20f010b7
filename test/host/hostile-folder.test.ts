import { afterAll, beforeAll, expect } from "bun:test";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { OBEYED_VARIABLES } from "../../src/generator/making/environment.ts";
import { COMMAND_TABLE } from "../../src/setup/commands.ts";
import { bootWithImages, install, reaches } from "./containers.ts";
import type { Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, newestHostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

/** A folder that a stranger has filled. */
const FOLDER = "/tmp/stranger";
const BUN = join(import.meta.dir, "../../node_modules/.bin/bun");
/** Every piece of code in it leaves a file here. */
const MARKERS = "/tmp/markers";
const EVIL = `require("node:fs").writeFileSync("${MARKERS}/" + process.pid + "-" + Date.now(), process.argv.join(" "));\n`;
const PACKAGES = ["berth", "commander", "dbus-next", "execa", "ini", "tar-stream", "undici", "x11", "usocket", "bun"];

/** What takes a program over that is compiled with Bun, or is linked dynamically. */
const HOSTILE_ENVIRONMENT: Readonly<Record<string, string>> = {
  BUN_OPTIONS: `--preload=${FOLDER}/evil.js`,
  BUN_BE_BUN: "1",
  BUN_INSPECT_PRELOAD: `${FOLDER}/evil.js`,
  BUN_JSC_functionOverrides: `${FOLDER}/overrides`,
  BUN_BYTECODE_ORDER_OUT: `${MARKERS}/order`,
  NODE_OPTIONS: `--require=${FOLDER}/evil.js`,
  LD_PRELOAD: `${FOLDER}/evil.so`,
};

/** The folder's files. */
const FILES: Readonly<Record<string, string>> = {
  "evil.js": EVIL,
  "evil.so": "not a library\n",
  "libc.so.6": "not a library\n",
  overrides: "not overrides\n",
  ".env": `BUN_OPTIONS=--preload=${FOLDER}/evil.js\nPATH=${FOLDER}/bin\nXDG_DATA_HOME=${FOLDER}\nNOTIFY_SOCKET=/x\n`,
  ".env.local": `PATH=${FOLDER}/bin\n`,
  ".env.production": `PATH=${FOLDER}/bin\n`,
  ".npmrc": "registry=http://192.0.2.1/\n",
  "bunfig.toml":
    'preload = ["./evil.js"]\nenv = true\n[run]\npreload = ["./evil.js"]\n[test]\npreload = ["./evil.js"]\n',
  "package.json":
    '{"name":"berth","type":"commonjs","main":"./evil.js","imports":{"#*":"./evil.js"},"workspaces":["."]}',
  "tsconfig.json": '{"compilerOptions":{"baseUrl":".","paths":{"*":["./evil.js"]},"jsxImportSource":"x11"}}',
  "jsconfig.json": '{"compilerOptions":{"baseUrl":".","paths":{"*":["./evil.js"]}}}',
  "index.js": EVIL,
  "run.js": EVIL,
  "pull.ts": EVIL,
  "bin/runc": `#!/bin/sh\ntouch ${MARKERS}/runc\n`,
  runc: `#!/bin/sh\ntouch ${MARKERS}/runc\n`,
  ...Object.fromEntries(
    PACKAGES.flatMap((name) => [
      [`node_modules/${name}/index.js`, EVIL],
      [`node_modules/${name}/package.json`, `{"name":"${name}","main":"index.js"}`],
    ]),
  ),
};

const TOOLS = sample("tools:1");
const ARCHIVE = "/root/tools.tar";

/** One or more command lines for every command of berth, in an order in which each has something to do. */
const INVOCATIONS: readonly (readonly string[])[] = [
  ["pull", "--quiet", sample("layers:zstd")],
  ["load", "--quiet", "--input", ARCHIVE],
  ["images"],
  ["inspect", TOOLS],
  ["volume", "create", "things"],
  ["volume", "ls"],
  ["volume", "inspect", "things"],
  ["volume", "exists", "things"],
  ["volume", "mount", "things"],
  ["volume", "unmount", "things"],
  ["volume", "export", "--output", "/root/things.tar", "things"],
  ["volume", "import", "things", "/root/things.tar"],
  ["volume", "rm", "things"],
  ["volume", "prune", "--force"],
  ["network", "create", "things"],
  ["network", "ls"],
  ["network", "inspect", "things"],
  ["network", "exists", "things"],
  ["network", "reload", "--all"],
  ["network", "rm", "things"],
  ["network", "prune", "--force"],
  ["network-namespace", "pasta"],
  ["pod", "create", "--name", "things"],
  ["pod", "ls"],
  ["pod", "inspect", "things"],
  ["pod", "exists", "things"],
  ["pod", "start", "things"],
  ["pod", "stop", "things"],
  ["pod", "rm", "things"],
  ["pod", "exit", "things-pod.service"],
  ["verify"],
  ["rmi", sample("layers:zstd")],
  ["image", "inspect", TOOLS],
  ["image", "exists", TOOLS],
  ["image", "prune", "--force"],
  ["run", "--network", "none", TOOLS, "echo", "hello"],
  ["run", "-d", "--network", "none", "--stop-signal", "KILL", "--name", "shell", TOOLS, "sleep", "1000"],
  ["start", "idle"],
  ["ps"],
  ["exec", "idle", "echo", "hello"],
  ["logs", "idle"],
  ["stop-payload", "--unit", "idle.service"],
  ["socket-proxy", "--unit", "none.service", "80"],
  ["hand-on-notifications", "none.service"],
  ["stop", "idle", "berth-shell"],
  ["cleanup", "--stale"],
  ["generate"],
  ["check", "/etc/containers/systemd/broken.container"],
  ["refuse", "--", "an error"],
  ["rescan"],
  ["complete", "bash", "1", "berth", "p"],
  ["setup"],
];

describeOnSuites("both", "a hostile folder on %s", (suite) => {
  let host: Host;
  const markers = () => host.ok(["ls", "-A", MARKERS]);

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1", "httpd:1"]);
    for (const [name, text] of Object.entries(FILES)) await host.write(`${FOLDER}/${name}`, text, 0o755);
    await host.sh(`mkdir ${MARKERS}; chmod 1777 ${MARKERS}; chown -R alice: ${FOLDER}`);
    await host.ok([
      "skopeo",
      "copy",
      "--quiet",
      "--src-tls-verify=false",
      `docker://${TOOLS}`,
      `oci-archive:${ARCHIVE}`,
    ]);
    await install(host, {
      "idle.container": `[Container]\nImage=${TOOLS}\nNetwork=none\nStopSignal=KILL\nExec=sh -c "echo up; sleep 1000"\n`,
      "broken.container": "[Container]\nImge=x\n",
    });
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  /** Runs all of it in a folder; what differs from one run to the next is taken out of what it says. */
  async function runAll(cwd: string): Promise<Record<string, string>> {
    const results: Record<string, string> = {};
    for (const args of INVOCATIONS) {
      const { stdout, stderr, exitCode } = await host.run(["berth", ...args], { cwd, env: { DISPLAY: ":0" } });
      const said = `${exitCode} ${stdout}${stderr}`.replaceAll(/\b[0-9a-f]{12,64}\b/g, "ID").replaceAll(/\d+/g, "N");
      // Of a log that has grown, the lines that are repeated; of an age, its unit; of a list, its order.
      results[args.join(" ")] = said
        .replaceAll(/ +|─+/g, " ")
        .replaceAll(/(up\n)+/g, "up\n")
        .replaceAll("seconds", "second")
        .split("\n")
        .toSorted()
        .join("\n");
    }
    return results;
  }

  newestHostTest(suite, "is as hostile as it is meant to be: Bun itself falls for it", async () => {
    await copyFile(BUN, host.path("/root/bun"));
    await host.write("/root/harmless.js", "");
    await host.ok(["/root/bun", "/root/harmless.js"], { cwd: FOLDER });
    const { BUN_OPTIONS = "" } = HOSTILE_ENVIRONMENT;
    await host.ok(["/root/bun", "/root/harmless.js"], { env: { BUN_OPTIONS } });
    expect((await markers()).split("\n").length).toBe(2);
    await host.sh(`rm /root/bun ${MARKERS}/*`);
  });

  newestHostTest(suite, "changes nothing for any command", async () => {
    const named = new Set(INVOCATIONS.flatMap(([word, next]) => [word, `${word} ${next}`]));
    expect(COMMAND_TABLE.commands.map(({ name, sameAs }) => sameAs ?? name).filter((name) => !named.has(name))).toEqual(
      [],
    );
    const clean = await runAll("/root");
    expect(await runAll(FOLDER)).toEqual(clean);
    expect(await markers()).toBe("");
    expect(clean[`run --network none ${TOOLS} echo hello`]).toBe("\nN hello");
    expect(await leftovers(host)).toBe("");
  });

  newestHostTest(suite, "changes nothing for help and the version", async () => {
    for (const args of [
      [],
      ["--help"],
      ["--version"],
      ["nonsense"],
      ...COMMAND_TABLE.commands.map(({ name }) => [...name.split(" "), "--help"]),
    ]) {
      const clean = await host.run(["berth", ...args], { cwd: "/root" });
      expect(await host.run(["berth", ...args], { cwd: FOLDER })).toEqual(clean);
    }
    expect(await markers()).toBe("");
  });

  newestHostTest(suite, "changes nothing for the generator", async () => {
    const generator = "/usr/local/lib/systemd/system-generators/berth-generator";
    const run = (cwd: string) =>
      host.sh(`rm -rf /tmp/units; mkdir /tmp/units; cd ${cwd}
        ${generator} /tmp/units /tmp/units /tmp/units 2>&1 | sed 's/\\[[0-9]*\\]//' || true
        cd /tmp/units; find . -type f | sort | xargs cat`);
    const clean = await run("/root");
    expect(clean).toContain("ExecStart=/usr/local/bin/berth run");
    expect(await run(FOLDER)).toBe(clean);
    expect(await markers()).toBe("");
  });

  hostTest("and a hostile environment change nothing in a unit that runs there", async () => {
    const assignments = Object.entries(HOSTILE_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
    const names = new Set(OBEYED_VARIABLES.map(({ name }) => name));
    await host.write("/etc/hostile.env", `${assignments.join("\n")}\n`);
    const service = [
      "[Service]",
      ...assignments.map((text) => `Environment=${text}`),
      "EnvironmentFile=/etc/hostile.env",
      `WorkingDirectory=${FOLDER}`,
      "",
    ].join("\n");
    await host.ok(["systemctl", "set-environment", ...assignments]);
    try {
      await install(host, {
        // All of the environment is passed on, so what reached the launcher can be seen.
        "env.container": `[Container]\nImage=${TOOLS}\nNetwork=none\nEnvironmentHost=yes\nExec=/bin/sh -c "/bin/env; trap 'exit 0' TERM; while :; do /bin/sleep 0.1; done"\n${service}`,
        "once.container": `[Container]\nImage=${TOOLS}\nNetwork=none\nExec=echo once\n${service}Type=oneshot\n`,
        "bad.container": `[Container]\nImge=x\n${service}`,
        "site.container": `[Container]\nImage=${sample("httpd:1")}\n[Socket]\nListenStream=127.0.0.1:8081\n[Berth]\nSocketProxy=80\nStopWhenIdle=1s\n${service}`,
      });
      await host.ok(["systemctl", "start", "env", "once", "site.socket"]);
      await reaches(host, "env.service", "active");
      expect(await host.ok(["curl", "-sS", "--max-time", "30", "http://127.0.0.1:8081/"])).toBe("hello from httpd");
      expect((await host.run(["systemctl", "start", "bad"])).exitCode).toBe(1);
      await host.ok(["systemctl", "start", "berth-cleanup.service", "berth-rescan.service"]);
      await reaches(host, "site.service", "inactive");
      await host.ok(["systemctl", "stop", "env", "site.socket"]);

      await host.ok(["berth", "run", "-d", "--network", "none", "--name", "detached", TOOLS, "true"], { cwd: FOLDER });
      await reaches(host, "berth-detached.service", "inactive");

      const said = await host.journal("env");
      expect(said).toContain("NODE_OPTIONS=");
      for (const name of Object.keys(HOSTILE_ENVIRONMENT).filter((name) => names.has(name))) {
        expect(said).not.toContain(name);
      }
      expect(await host.journal("once")).toContain("\nonce\n");
      expect(await host.journal("bad")).toContain('unknown key "Imge" in [Container]');
      // The loader says what it was told to load; nothing that runs for a unit of berth's was told.
      await host.ok(["systemd-run", "--quiet", "--wait", "--unit=plain", "true"]);
      expect(await host.journal("plain")).toContain("preload");
      const services = ["berth-detached", "env", "once", "bad", "site", "site-proxy", "berth-cleanup", "berth-rescan"];
      for (const name of services) expect(await host.journal(name)).not.toContain("preload");
      expect(await markers()).toBe("");
      expect(await leftovers(host)).toBe("");
    } finally {
      await host.ok(["systemctl", "unset-environment", ...Object.keys(HOSTILE_ENVIRONMENT)]);
    }
  });

  hostTest("and a hostile environment of systemd's own change nothing for the generator", async () => {
    const { LD_PRELOAD: _, BUN_JSC_functionOverrides: __, ...variables } = HOSTILE_ENVIRONMENT;
    const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    await host.write(
      "/etc/systemd/system.conf.d/hostile.conf",
      `[Manager]\nManagerEnvironment=${assignments.join(" ")}\n`,
    );
    // A generator beside berth's tells what generators are given.
    const probe = "/etc/systemd/system-generators/probe";
    await host.write(probe, "#!/bin/sh\nenv > /run/generator-environment\n", 0o755);
    try {
      await host.ok(["systemctl", "daemon-reexec"]);
      await host.ok(["systemctl", "daemon-reload"]);
      expect(await host.ok(["cat", "/run/generator-environment"])).toContain(assignments[0] ?? "");
      expect(await host.ok(["systemctl", "cat", "idle.service"])).toContain("ExecStart=/usr/local/bin/berth run");
      expect(await markers()).toBe("");
    } finally {
      await host.ok(["rm", "/etc/systemd/system.conf.d/hostile.conf", probe]);
      await host.ok(["systemctl", "daemon-reexec"]);
    }
  });

  newestHostTest(suite, "and the environment of a shell do not take berth over", async () => {
    const { LD_PRELOAD: _, BUN_JSC_functionOverrides: __, ...env } = HOSTILE_ENVIRONMENT;
    expect(await host.ok(["berth", "--version"], { cwd: FOLDER, env })).toStartWith("berth ");
    expect(await host.ok(["berth", "images", "--quiet"], { cwd: FOLDER, env })).not.toBe("");
    // A file that replaces code is not even read; what Bun does not know of such a variable makes it refuse to start.
    const overrides = { BUN_JSC_functionOverrides: `${FOLDER}/overrides` };
    expect((await host.run(["berth", "--version"], { env: overrides })).stderr).not.toContain("Failed to open");
    expect(await markers()).toBe("");
  });
});
