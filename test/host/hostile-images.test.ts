import { afterAll, beforeAll, expect } from "bun:test";
import { readdirSync } from "node:fs";
import { bootWithImages } from "./containers.ts";
import type { Host } from "./host.ts";
import { addImages, CANARY, type HostileImages, judge } from "./hostile-image.ts";
import { CONFIGURED } from "./hostile-image-configs.ts";
import { PLACED } from "./hostile-image-places.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const LAYOUT = "/root/hostile";
const TOOLS = sample("tools:1");
/** How many starts have to win a race with a payload that exchanges a folder and a link, out of how many. */
const RACES = 12;
const ROUNDS = 100;

describeOnSuites("both", "hostile images on %s", (suite) => {
  let host: Host;

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    await host.ok(["skopeo", "copy", "--quiet", "--src-tls-verify=false", `docker://${TOOLS}`, `oci:${LAYOUT}:base`]);
    addImages(host.path(LAYOUT), { ...PLACED, ...CONFIGURED });
    await host.sh(`mkdir ${CANARY}; echo precious > ${CANARY}/file
      echo containers:1000000:1000000 | tee -a /etc/subuid >> /etc/subgid`);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  /** What an image could change outside: the canary to its times, the programs that it meets, new files. */
  const outside = () =>
    host.sh(`stat -c '%n %i %s %a %u:%g %Y %Z' ${CANARY} ${CANARY}/*
      sha256sum /usr/local/bin/berth /usr/sbin/runc /etc/passwd /etc/group /etc/hosts; ls -l /etc/localtime
      find / /run /tmp /home -xdev \\( -name evil -o -name '*[[:cntrl:]]*' \\) -not -path '/run/berth/*'`);

  async function judgeAll(images: HostileImages): Promise<void> {
    const before = await outside();
    const wrong: Record<string, string> = {};
    for (const [name, image] of Object.entries(images)) {
      const why = await judge(host, LAYOUT, name, image);
      if (why !== undefined) wrong[name] = why;
      const left = ["containers", "names"].flatMap((folder) => readdirSync(host.path(`/run/berth/${folder}`)));
      if (left.length > 0) wrong[`${name} leaves`] = left.join(" ");
    }
    expect(wrong).toEqual({});
    expect(await outside()).toBe(before);
    expect(await leftovers(host)).toBe("");
    expect(await host.ok(["berth", "images"])).not.toMatch(/NaN|undefined|\x1b/);
  }

  const data = (name: string) => `/var/lib/berth/volumes/${name}/_data`;
  const RACING = "wc -c < /proc/keys; wc -c < /proc/timer_list; stat -c %t:%T /dev/null";
  const UNSEEN = "0\n0\n1:3\n";
  /** Volumes in one of which a link comes to lie where the other one is to be mounted. */
  const volumes = (place: string) => ["--network", "none", "-v", "shared:/data", "-v", `nodes:/data/x${place}`];

  hostTest("by what lies where something is mounted or read", () => judgeAll(PLACED), 300_000);
  hostTest("by their configurations", () => judgeAll(CONFIGURED), 300_000);

  // CVE-2021-30465, CVE-2024-45310: between the engine's look and the runtime's mount.
  hostTest("and a link that another payload puts into a shared volume in between leads to nothing", async () => {
    const before = await outside();
    await host.sh(`berth volume create shared; berth volume create nodes; mkdir ${data("shared")}/x
      ln -s /proc/keys ${data("nodes")}/null; ln -s /proc/timer_list ${data("nodes")}/zero
      cp /usr/sbin/runc /root/runc; touch /root/between; mount --bind /root/between /usr/sbin/runc`);
    const leads: string[] = [];
    let ran = 0;
    for (const target of [
      "/dev",
      "/proc",
      "/sys",
      "/dev/pts",
      "/proc/self/fd/7",
      `../../../../../../..${CANARY}`,
      "/",
    ]) {
      for (const place of ["", "/evil/deep"]) {
        const swap = `cd ${data("shared")}; rm -r x; ln -s ${target} x`;
        await host.write("/root/between", `#!/bin/sh\n${swap}\nexec /root/runc "$@"\n`, 0o755);
        await host.sh(`chmod 755 /root/between; rm -rf ${data("shared")}/*; mkdir ${data("shared")}/x`);
        const { stdout, stderr, exitCode } = await host.run([
          "berth",
          "run",
          ...volumes(place),
          TOOLS,
          "sh",
          "-c",
          RACING,
        ]);
        const seen = exitCode === 0 ? stdout : `${exitCode !== 0 && stderr !== ""}: ${stdout}`;
        if (![UNSEEN, "true: "].includes(seen)) leads.push(`${target} ${place} ${seen} ${stderr}`);
        if (exitCode === 0) ran += 1;
        expect(await host.ok(["readlink", `${data("shared")}/x`])).toBe(target);
      }
    }
    await host.sh("umount /usr/sbin/runc");
    expect(leads).toEqual([]);
    expect(ran).toBeGreaterThan(0);
    expect(await outside()).toBe(before);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("and a link that comes and goes all the time leads to nothing that is masked", async () => {
    await host.sh(`rm -rf ${data("shared")}/*; mkdir ${data("shared")}/x; ln -s /dev ${data("shared")}/link
      systemd-run --quiet --unit=swap perl -e 'chdir $ARGV[0] or die;
        while (1) { rename "x", "dir"; rename "link", "x"; select undef, undef, undef, 0.02;
          rename "x", "link"; rename "dir", "x"; select undef, undef, undef, 0.02 }' ${data("shared")}`);
    let ran = 0;
    for (let round = 0; round < ROUNDS && ran < RACES; round++) {
      const { stdout, stderr } = await host.run(["berth", "run", ...volumes(""), TOOLS, "sh", "-c", RACING]);
      // A start that has met the link, or nothing at all between the two, says so: it has tested nothing.
      expect(stdout === "" ? stderr : stdout, `round ${round}`).toMatch(stdout === "" ? /\S/ : /^0\n0\n1:3\n$/);
      if (stdout !== "") ran += 1;
    }
    await host.ok(["systemctl", "stop", "swap"]);
    expect(ran).toBe(RACES);
  });
});
