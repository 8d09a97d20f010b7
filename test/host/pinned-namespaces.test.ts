import { afterAll, beforeAll, expect } from "bun:test";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootHost, type Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { runHere } from "./root.ts";

/** As berth makes it: root of a user namespace with the user's ranges. */
const IN_USER_NAMESPACE = "/usr/bin/unshare --user --map-root-user --map-auto --mount --propagation slave";

const SCOPES = [
  { scope: "system", user: "root", units: "/etc/systemd/system", file: "/run/pinned.json", options: [] },
  {
    scope: "user",
    user: "alice",
    units: "/home/alice/.config/systemd/user",
    file: "/run/user/1000/pinned.json",
    options: ["--user"],
  },
] as const;

describeOnSuites("both", "namespaces in systemd's descriptor store on %s", (suite) => {
  let host: Host;

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootHost({ suite });
    const folder = await mkdtemp(join(tmpdir(), "pin-"));
    try {
      const program = join(folder, "pin");
      await runHere([process.execPath, "build", "--compile", join(import.meta.dir, "pin.ts"), "--outfile", program]);
      await copyFile(program, host.path("/usr/local/bin/pin"));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  for (const { scope, user, units, file, options } of SCOPES) {
    hostTest(`outlive the process that made them, in the ${scope} scope, and go with the unit`, async () => {
      const systemctl = async (...words: string[]) => host.ok(["systemctl", ...options, ...words], { user });
      const wrap = scope === "user" ? `${IN_USER_NAMESPACE} -- ` : "";
      await host.write(
        `${units}/keep.service`,
        `[Service]
Type=oneshot
RemainAfterExit=yes
NotifyAccess=all
FileDescriptorStoreMax=8
${scope === "user" ? "Environment=IN_USER_NAMESPACE=1" : ""}
ExecStart=${wrap}/usr/local/bin/pin keep ${file}
`,
      );
      await systemctl("daemon-reload");
      await systemctl("start", "keep");
      const kept = scope === "user" ? 5 : 4;
      expect(await systemctl("show", "--value", "--property=NFileDescriptorStore", "keep")).toBe(`${kept}`);
      expect(await host.sh("pgrep -x pin || true")).toBe("");

      // Since 254 users' managers have a capability, so one must have it to look at their descriptors.
      const ambient = scope === "user" && suite === "trixie" ? ["-p", "AmbientCapabilities=CAP_WAKE_ALARM"] : [];
      const join = async (script: string) =>
        host.run(
          ["systemd-run", ...options, "--wait", "--pipe", "--quiet", ...ambient, "/usr/local/bin/pin", "join"].concat([
            file,
            "/bin/sh",
            "-c",
            script,
          ]),
          { user },
        );
      const inside = await join(
        "hostname; ls -A /mnt; echo hello > /mnt/greeting; ip -brief link; readlink /proc/self/ns/ipc",
      );
      const record = JSON.parse(await host.ok(["cat", file])) as { inodes: { ipc: number } };
      expect(inside.stdout).toMatch(/^kept\nlo +UNKNOWN .*\nipc:\[\d+\]\n$/);
      expect(inside.stdout).toContain(`ipc:[${record.inodes.ipc}]`);
      expect((await join("cat /mnt/greeting; df --output=fstype,size /mnt | tail -1")).stdout).toMatch(
        /^hello\ntmpfs +1024\n$/,
      );

      await systemctl("daemon-reload");
      expect((await join("cat /mnt/greeting")).stdout).toBe("hello\n");
      await systemctl("daemon-reexec");
      expect((await join("cat /mnt/greeting")).stdout).toBe("hello\n");
      // Nothing of it is to be seen on the host.
      expect(await host.sh("findmnt --task 1 --noheadings --output TARGET,FSTYPE | grep -E '/mnt|nsfs' || true")).toBe(
        "",
      );

      await systemctl("stop", "keep");
      expect(await join("echo wrong")).toEqual({ stdout: "gone\n", stderr: "", exitCode: 3 });
    });
  }

  hostTest("may not be looked for without what the user's manager may", async () => {
    const [, { file }] = SCOPES;
    const alice = { user: "alice" } as const;
    await host.ok(["systemctl", "--user", "start", "keep"], alice);
    const join = await host.run(
      ["systemd-run", "--user", "--wait", "--pipe", "--quiet", "/usr/local/bin/pin", "join", file, "/bin/true"],
      alice,
    );
    if (suite === "trixie") expect(join.stderr).toMatch(/see what systemd \(process \d+\) keeps/);
    else expect(join.exitCode).toBe(0);
    await host.ok(["systemctl", "--user", "stop", "keep"], alice);
  });
});
