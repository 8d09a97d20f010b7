import { afterAll, beforeAll, expect } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dir, type Member, symlink, tar } from "../image/support/tar.ts";
import { bootWithImages } from "./containers.ts";
import type { Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { sample } from "./registry.ts";

const LAYOUT = "/root/hostile";
/** How many starts race with a payload that exchanges a folder and a link, on each suite. */
const RACES = 19;
const TOOLS = sample("tools:1");

/** A /dev by which a runtime that takes its null for the real one would show the kernel's keys. */
const UNMASKING: readonly Member[] = [symlink("null", "/proc/keys"), symlink("zero", "/proc/timer_list")];
const below = (folder: string): Member[] => [
  dir(folder),
  ...UNMASKING.map((member) => ({ ...member, name: `${folder}/${member.name}` })),
];

interface HostileImage {
  readonly members?: readonly Member[];
  readonly volumes?: readonly string[];
  readonly workdir?: string;
  /** Flags of the run. */
  readonly flags?: readonly string[];
  /** Why it does not run; it runs, and shows nothing, if this is absent. */
  readonly refused?: string;
}

const IMAGES: Readonly<Record<string, HostileImage>> = {
  "volume-dev": { members: below("dev"), volumes: ["/dev"] },
  "volume-dev-slash": { members: below("dev"), volumes: ["dev/", "/./dev"] },
  "volume-by-link": { members: [...below("dev"), symlink("x", "/dev")], volumes: ["/x"] },
  "volume-by-links": {
    members: [...below("dev"), symlink("y", "x"), symlink("x", "../../dev")],
    volumes: ["/y/null", "/y"],
  },
  "volume-proc": { members: [dir("proc"), symlink("proc/self", "/etc")], volumes: ["/proc", "/proc/self"] },
  "volume-sys": { volumes: ["/sys", "/sys/fs/cgroup", "/dev/pts", "/dev/shm"] },
  "content-alone": { members: below("dev") },
  "read-only": { members: below("dev"), volumes: ["/dev"], flags: ["--read-only"] },
  "dev-is-a-link": { members: [...below("x"), symlink("dev", "/x")], volumes: ["/x"], refused: "/dev is no folder" },
  "proc-is-a-link": { members: [...below("x"), symlink("proc", "/x")], volumes: ["/x"], refused: "/proc is no folder" },
  "sys-is-a-link": { members: [symlink("sys", "/proc")], refused: "/sys is no folder" },
  "named-volume": { members: below("dev"), flags: ["-v", "keys:/dev"], refused: "nothing but the host's own" },
  "named-by-link": {
    members: [...below("dev"), symlink("x", "/dev")],
    flags: ["-v", "keys:/x"],
    refused: "nothing but the host's own",
  },
  tmpfs: { members: below("dev"), flags: ["--tmpfs", "/dev"], refused: "nothing but the host's own" },
  "open-folder": { workdir: "/proc/self/fd/7", refused: "is a process's own" },
  "open-folder-by-link": {
    members: [symlink("w", "/proc/self/fd")],
    workdir: "/w/8/../..",
    refused: "is a process's own",
  },
};

/** Adds images to a layout that has one, each with a layer of its own on top of that one's. */
function addImages(layout: string): void {
  const put = (bytes: Buffer | string) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(`${layout}/blobs/sha256/${hex}`, bytes);
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) };
  };
  const blob = (digest: string) => JSON.parse(readFileSync(`${layout}/blobs/${digest.replace(":", "/")}`, "utf8"));
  const index = JSON.parse(readFileSync(`${layout}/index.json`, "utf8"));
  const manifest = blob(index.manifests[0].digest);
  const config = blob(manifest.config.digest);
  for (const [name, { members = [], volumes = [], workdir = "/" }] of Object.entries(IMAGES)) {
    const layer = put(tar([dir("left"), ...members]));
    const changed = {
      ...config,
      config: { ...config.config, WorkingDir: workdir, Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) },
      rootfs: { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, layer.digest] },
      history: [],
    };
    const document = {
      ...manifest,
      config: { ...manifest.config, ...put(JSON.stringify(changed)) },
      layers: [...manifest.layers, { mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    };
    index.manifests.push({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      ...put(JSON.stringify(document)),
      annotations: { "org.opencontainers.image.ref.name": `localhost/${name}:1` },
    });
  }
  writeFileSync(`${layout}/index.json`, JSON.stringify(index));
}

describeOnSuites("both", "hostile images on %s", (suite) => {
  let host: Host;

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    await host.ok(["skopeo", "copy", "--quiet", "--src-tls-verify=false", `docker://${TOOLS}`, `oci:${LAYOUT}:base`]);
    addImages(host.path(LAYOUT));
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("none shows what is masked, or chooses where the OCI runtime mounts", async () => {
    const runc = await host.ok(["sha256sum", "/usr/sbin/runc"]);
    for (const [name, { flags = [], refused }] of Object.entries(IMAGES)) {
      await host.ok(["berth", "pull", "--quiet", `oci:${LAYOUT}:localhost/${name}:1`]);
      const script =
        "wc -c < /proc/keys; wc -c < /proc/timer_list; stat -c %t:%T /dev/null; stat -fc %T /dev /proc /sys";
      const ran = await host.run([
        "berth",
        "run",
        "--network",
        "none",
        ...flags,
        `localhost/${name}:1`,
        "sh",
        "-c",
        script,
      ]);
      if (refused === undefined) expect(ran.stdout, `${name}: ${ran.stderr}`).toBe("0\n0\n1:3\ntmpfs\nproc\nsysfs\n");
      else expect(ran, name).toMatchObject({ exitCode: 125, stdout: "", stderr: expect.stringContaining(refused) });
    }
    // CVE-2019-5736: the program that the payload is becomes the runtime's own.
    for (const words of [["--entrypoint", "/proc/self/exe"], []])
      await host.run(["berth", "run", "--network", "none", ...words, TOOLS, "/proc/self/exe", "init"]);
    expect(await host.ok(["sha256sum", "/usr/sbin/runc"])).toBe(runc);
    expect(await host.ok(["ls", "/run/berth/containers"])).toBe("");
  });

  hostTest(
    "a link that another payload puts into a shared volume meanwhile leads to nothing that is masked",
    async () => {
      const data = (name: string) => `/var/lib/berth/volumes/${name}/_data`;
      await host.sh(`berth volume create shared; berth volume create nodes
      mkdir -p ${data("shared")}/x; ln -s /dev ${data("shared")}/link
      ln -s /proc/keys ${data("nodes")}/null; ln -s /proc/timer_list ${data("nodes")}/zero
      systemd-run --quiet --unit=swap perl -e 'chdir $ARGV[0] or die;
        while (1) { rename "x", "dir"; rename "link", "x"; rename "x", "link"; rename "dir", "x" }' ${data("shared")}`);
      const flags = ["--network", "none", "-v", "shared:/data", "-v", "nodes:/data/x"];
      for (let round = 0; round < RACES; round++) {
        const { stdout } = await host.run([
          "berth",
          "run",
          ...flags,
          TOOLS,
          "sh",
          "-c",
          "wc -c < /proc/keys; stat -c %t:%T /dev/null",
        ]);
        expect(["", "0\n1:3\n"], `round ${round}`).toContain(stdout);
      }
      await host.ok(["systemctl", "stop", "swap"]);
    },
  );
});
