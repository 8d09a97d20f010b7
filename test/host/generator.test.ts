import { afterAll, beforeAll, expect } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateCase, goldenCases } from "../generator/golden-case.ts";
import { property, reaches } from "./containers.ts";
import { bootHost, type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";

const UNITS = "/etc/containers/systemd";
const BAD =
  "[Container]\nImage=registry.example/app:1\nNetwork=host\n\n[Install]\nWantedBy=multi-user.target\n[Container]\nImge=x\n";
const DIAGNOSTIC = 'bad.container:8:1: error: unknown key "Imge" in [Container] (did you mean "Image"?)';

/** A file system that is mounted after the generators have run. */
const LATE_MOUNT = "[Mount]\nWhat=/srv/units\nWhere=/etc/containers/systemd/late\nType=none\nOptions=bind\n";

describeOnSuites("both", "the generator on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootHost({
      suite,
      prepare: async (files) => {
        const write = async (path: string, text: string): Promise<void> => {
          await mkdir(dirname(join(files, path)), { recursive: true });
          await writeFile(join(files, path), text);
        };
        await write(`${UNITS}/bad.container`, BAD);
        await write(`${UNITS}/good.container`, "[Container]\nImage=registry.example/app:1\nNetwork=host\n");
        await write(`${UNITS}/late/.keep`, "");
        await write("/srv/units/late.container", BAD);
        await write("/etc/systemd/system/etc-containers-systemd-late.mount", LATE_MOUNT);
        await write(
          "/etc/systemd/system/local-fs.target.d/late.conf",
          "[Unit]\nWants=etc-containers-systemd-late.mount\n",
        );
      },
    });
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("a file with an error fails at boot, where people look", async () => {
    await reaches(host, "bad.service", "failed");
    expect(await host.statusOf("bad", { lines: 20 })).toContain(DIAGNOSTIC);
    expect(await host.journal("bad")).toContain(DIAGNOSTIC);
    expect(await property(host, "bad.service", "ExecMainStatus")).toBe("78");
    expect((await host.run(["systemctl", "start", "bad"])).exitCode).toBe(1);
  });

  hostTest("other files come out as usual, with what berth needs in force", async () => {
    expect(await property(host, "good.service", "LoadState")).toBe("loaded");
    expect(await property(host, "good.service", "SourcePath")).toBe(`${UNITS}/good.container`);
    expect(await property(host, "good.service", "FragmentPath")).toBe("/run/systemd/generator/good.service");
    for (const [name, value] of [
      ["Type", "notify"],
      ["NotifyAccess", "all"],
      ["Delegate", "yes"],
      ["PrivateMounts", "yes"],
      ["KillMode", "mixed"],
      ["TimeoutStopUSec", "10s"],
      ["SyslogIdentifier", "good"],
    ] as const) {
      expect([name, await property(host, "good.service", name)]).toEqual([name, value]);
    }
    expect(await property(host, "good.service", "UnsetEnvironment")).toContain("BUN_OPTIONS");
    expect(await property(host, "good.service", "RequiresMountsFor")).toContain("/var/lib/berth");
  });

  hostTest("files on a file system that is mounted late are found, and started, during boot", async () => {
    await reaches(host, "late.service", "failed");
    expect(await host.journal("late")).toContain("late/late.container:8:1: error: unknown key");
    expect(await host.journal("berth-rescan")).toContain("+ late.service");
  });

  hostTest("a rescan reloads systemd only if something has changed, and starts nothing later", async () => {
    const reloads = async (): Promise<number> => {
      await host.run(["journalctl", "--sync"]);
      const said = await host.ok(["journalctl", "--no-pager", "--output=cat", "_PID=1"]);
      return said.split("\n").filter((line) => /^Reloading\.+$/.test(line)).length;
    };
    const before = await reloads();
    expect(await host.ok(["berth", "rescan"])).toBe("nothing has changed");
    expect(await reloads()).toBe(before);
    await host.write(`${UNITS}/new.container`, BAD);
    expect(await host.ok(["berth", "rescan"])).toBe("+ new.service\n+ multi-user.target.wants/new.service");
    expect(await reloads()).toBe(before + 1);
    expect(await property(host, "new.service", "LoadState")).toBe("loaded");
    expect(await property(host, "new.service", "ActiveState")).toBe("inactive");
    await host.ok(["rm", `${UNITS}/new.container`]);
    expect(await host.ok(["berth", "rescan"])).toBe("- new.service");
  });

  hostTest("the path unit reloads when a file is put into the directory", async () => {
    await host.ok(["systemctl", "start", "berth-rescan.path"]);
    // One right after the other: what changes while the service runs must not be missed.
    for (let round = 0; round < 5; round++) {
      const name = `watched${round}`;
      const load = (state: string) => async () => (await property(host, `${name}.service`, "LoadState")) === state;
      await host.write(`${UNITS}/${name}.container`, BAD);
      await until(`${name} to be known`, load("loaded"));
      await host.ok(["rm", `${UNITS}/${name}.container`]);
      await until(`${name} to be gone`, load("not-found"));
    }
    await host.ok(["systemctl", "stop", "berth-rescan.path"]);
  });

  hostTest("systemd takes every unit of the golden trees", async () => {
    for (const name of goldenCases()) {
      const directory = `/tmp/verify/${name}`;
      const { files } = generateCase(name);
      for (const file of files) await host.write(`${directory}/${file.name}`, file.text);
      const user = name.includes("user-scope");
      const verify = ["systemd-analyze", ...(user ? ["--user"] : []), "verify", "--man=no", "--recursive-errors=no"];
      const paths = files.map((file) => `${directory}/${file.name}`);
      const { stderr } = await host.run([...verify, ...paths], user ? { user: "alice" } : {});
      // systemd 252 does not have this key yet.
      const complaints = stderr.split("\n").filter((line) => line !== "" && !line.includes("Unknown key 'UpheldBy'"));
      expect({ name, complaints }).toEqual({ name, complaints: [] });
    }
  });

  hostTest("a user's files are for the user's manager", async () => {
    await host.sh(
      "install -d -o alice /home/alice/.config /home/alice/.config/containers /home/alice/.config/containers/systemd",
    );
    await host.write("/home/alice/.config/containers/systemd/mine.container", BAD);
    const systemctl = (...args: string[]) => host.run(["systemctl", "--user", ...args], { user: "alice" });
    expect((await systemctl("daemon-reload")).exitCode).toBe(0);
    expect((await systemctl("start", "mine")).exitCode).toBe(1);
    expect(await host.statusOf("mine", { user: "alice" })).toContain("mine.container:8:1: error: unknown key");
    expect(await property(host, "mine.service", "LoadState")).toBe("not-found");
    await host.ok(["rm", "-r", "/home/alice/.config/containers"]);
    expect((await systemctl("daemon-reload")).exitCode).toBe(0);
  });
});
