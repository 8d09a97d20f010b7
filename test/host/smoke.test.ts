import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync } from "node:fs";
import { bootHost, type Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { REGISTRY, startRegistry } from "./registry.ts";
import { SYSTEMD_VERSION } from "./root.ts";

describeOnSuites("both", "a %s host", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootHost({ suite });
  }, 300_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("has booted without a failed unit", async () => {
    const failed = await host.ok(["systemctl", "list-units", "--failed", "--plain", "--no-legend"]);
    expect(failed).toBe("");
    expect(await host.ok(["systemctl", "is-system-running"])).toBe("running");
  });

  hostTest("runs the systemd version that the suite stands for", async () => {
    expect(await host.ok(["systemctl", "--version"])).toStartWith(`systemd ${SYSTEMD_VERSION[suite]} `);
  });

  hostTest("keeps a journal of what its units say", async () => {
    await host.ok(["systemd-run", "--wait", "--quiet", "--unit=speaker", "echo", "a word for the journal"]);
    expect(await host.journal("speaker")).toContain("a word for the journal");
  });

  hostTest("reports the exit code of a command, and its input and output", async () => {
    const result = await host.run(["sh", "-c", "cat; echo error >&2; exit 42"], { input: "input" });
    expect(result).toEqual({ stdout: "input", stderr: "error\n", exitCode: 42 });
  });

  hostTest("sees itself as the whole machine", async () => {
    expect(await host.ok(["cat", "/proc/1/cgroup"])).toContain("0::/init.scope");
    expect(await host.ok(["cat", "/proc/1/loginuid"])).toBe("4294967295");
    expect(await host.ok(["findmnt", "--noheadings", "--output", "FSTYPE", "/var/lib/berth"])).toBe("tmpfs");
  });

  hostTest("runs alice's manager with the audit loginuid that PAM gave it", async () => {
    const pid = await host.ok(["systemctl", "show", "--property=MainPID", "--value", "user@1000.service"]);
    expect(await host.ok(["cat", `/proc/${pid}/loginuid`])).toBe("1000");
    const state = await host.ok(["systemctl", "--user", "is-system-running", "--wait"], { user: "alice" });
    expect(state).toBe("running");
  });

  hostTest("gives a login its own session and loginuid, and a plain command none", async () => {
    const login = await host.login("alice", ["cat", "/proc/self/loginuid", "/proc/self/cgroup"]);
    expect(login.stdout).toStartWith("1000");
    expect(login.stdout).toMatch(/session-\w+\.scope/);
    expect(await host.ok(["cat", "/proc/self/loginuid"], { user: "alice" })).toBe("4294967295");
    expect(await host.ok(["cat", "/proc/self/loginuid"], { loginuid: 1000 })).toBe("1000");
  });

  hostTest(
    "runs a registry with images of buildah, umoci and skopeo",
    async () => {
      await startRegistry(host);
      const catalog = JSON.parse(await host.ok(["curl", "-s", `http://${REGISTRY}/v2/_catalog`]));
      expect(catalog).toEqual({ repositories: ["app", "httpd", "layers", "nginx", "tools"] });
      const types = await Promise.all(
        ["1", "docker", "zstd", "umoci"].map(async (tag) => {
          const raw = await host.ok([
            "skopeo",
            "inspect",
            "--raw",
            "--tls-verify=false",
            `docker://${REGISTRY}/layers:${tag}`,
          ]);
          const manifest: { mediaType?: string; layers: { mediaType: string }[] } = JSON.parse(raw);
          return [manifest.layers.length, manifest.layers[3]?.mediaType];
        }),
      );
      expect(types).toEqual([
        [4, "application/vnd.oci.image.layer.v1.tar+gzip"],
        [4, "application/vnd.docker.image.rootfs.diff.tar.gzip"],
        [4, "application/vnd.oci.image.layer.v1.tar+zstd"],
        [4, "application/vnd.oci.image.layer.v1.tar+gzip"],
      ]);
    },
    300_000,
  );

  hostTest("leaves nothing behind", async () => {
    const other = await bootHost({ suite });
    const mounts = await Bun.file("/proc/self/mountinfo").text();
    await other.close();
    expect(existsSync(`/proc/${other.pid}`)).toBe(false);
    expect(await Bun.file("/proc/self/mountinfo").text()).toBe(mounts);
  });
});
