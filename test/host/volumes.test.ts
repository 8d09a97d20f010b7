import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property, reaches } from "./containers.ts";
import type { Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, newestHostTest } from "./lane.ts";
import { sample } from "./registry.ts";

const TOOLS = sample("tools:1");
const VOLUMES = "/var/lib/berth/volumes";

describeOnSuites("both", "volumes on %s", (suite) => {
  let host: Host;

  /** Runs a container in the foreground, and returns what it printed. */
  const inside = async (flags: readonly string[], script: string, user = "root"): Promise<string> =>
    host.ok(["berth", "run", "--network", "none", ...flags, TOOLS, "sh", "-euc", script], { user });
  const volume = async (...words: string[]) => host.run(["berth", "volume", ...words]);
  /** Mounts of the host that are berth's, and what is left of containers. */
  const leftovers = async () =>
    host.sh(
      "awk '$5 ~ /berth\\/(containers|volumes)/' /proc/self/mountinfo; find /var/lib/berth/containers /run/berth/containers -mindepth 1",
    );

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    await host.ok(["berth", "pull", "--quiet", TOOLS], { user: "alice" });
    await host.sh("for f in subuid subgid; do echo containers:500000:100000 >> /etc/$f; done");
    await host.sh("mkdir -p /srv/data/below /srv/links; echo one > /srv/data/file; echo two > /srv/data/below/file");
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  newestHostTest(suite, "are made, listed, looked at and removed, with podman's exit codes", async () => {
    expect(await volume("create", "--label", "stage=test", "--uid", "7", "one")).toMatchObject({ stdout: "one\n" });
    expect(await volume("create", "one")).toMatchObject({ exitCode: 125 });
    expect(await volume("create", "--ignore", "one")).toMatchObject({ exitCode: 0, stdout: "one\n" });
    expect((await volume("ls", "-q", "--filter", "label=stage")).stdout).toBe("one\n");
    const [described] = JSON.parse((await volume("inspect", "one")).stdout);
    expect(described).toMatchObject({ Name: "one", Driver: "local", Labels: { stage: "test" }, UID: 7 });
    expect(await host.ok(["stat", "--format=%u:%g %a", described.Mountpoint])).toBe("7:0 755");
    expect(await volume("rm", "one", "none")).toMatchObject({
      exitCode: 1,
      stdout: "one\n",
      stderr: "berth: error: no such volume: none\n",
    });
    expect(await volume("create", "--opt", "o=noexec", "two")).toMatchObject({ exitCode: 125 });
    expect(await host.ok(["ls", "-A", VOLUMES])).toBe("");
  });

  newestHostTest(suite, "of one name that several make at once are one volume", async () => {
    const made = await host.sh(
      "for n in $(seq 8); do (berth volume create many >> /tmp/made 2>&1 || true) & done; wait; cat /tmp/made",
    );
    expect(made.split("\n").filter((line) => line === "many")).toHaveLength(1);
    expect(await host.ok(["ls", "-A", VOLUMES])).toBe("many");
    await volume("rm", "many");
  });

  hostTest("of .volume files are made before their container, filled from the image, and stay", async () => {
    await host.write("/etc/containers/systemd/kept.volume", "[Volume]\nLabel=stage=test\n");
    await host.write("/etc/containers/systemd/scratch.volume", "[Volume]\nType=tmpfs\nDevice=tmpfs\nOptions=size=1m\n");
    await install(host, {
      "keeper.container": `[Container]\nImage=${TOOLS}\nNetwork=none\nStopSignal=KILL\nVolume=kept.volume:/home/app\nVolume=scratch.volume:/scratch\nMount=type=volume,source=other,destination=/again,ro\nExec=sh -c 'touch /home/app/written /scratch/written; exec sleep 1000'\n`,
    });
    const image = await inside([], "stat -c '%u:%g %a' /home/app; ls -A /home/app");
    await host.ok(["systemctl", "start", "keeper"]);
    expect(await property(host, "kept-volume.service", "ActiveState")).toBe("active");
    const pid = await property(host, "keeper", "MainPID");
    const data = `${VOLUMES}/systemd-kept/_data`;
    await host.sh(`while [ ! -e ${data}/written ]; do sleep 0.05; done`);
    expect(await host.sh(`stat -c '%u:%g %a' ${data}; ls -A ${data} | grep -v written || true`)).toBe(image);
    const mounts = await host.ok(["cat", `/proc/${pid}/mountinfo`]);
    expect(mounts).toMatch(/ \/again ro,nosuid,nodev/);
    expect(mounts).toMatch(/ \/scratch rw,nosuid,nodev,relatime[^\n]* - tmpfs volume:systemd-scratch rw,size=1024k/);
    const [{ Mounts }] = JSON.parse(await host.ok(["berth", "inspect", "keeper"]));
    expect(Mounts).toContainEqual(expect.objectContaining({ Type: "volume", Name: "systemd-kept", RW: true }));
    // None of it is mounted on the host.
    expect(await host.sh("awk '$5 ~ /berth\\/(containers|volumes)/' /proc/self/mountinfo")).toBe("");
    expect(await volume("rm", "systemd-kept")).toMatchObject({
      exitCode: 2,
      stderr: "berth: error: volume systemd-kept is in use by systemd-keeper\n",
    });
    expect((await volume("prune", "--force")).stdout).toBe("");
    await host.ok(["systemctl", "kill", "--signal=KILL", "keeper"]);
    await reaches(host, "keeper", "failed");
    await host.ok(["systemctl", "start", "keeper"]);
    await host.ok(["systemctl", "stop", "keeper", "scratch-volume"]);
    expect(await host.ok(["ls", data])).toContain("written");
    expect(await leftovers()).toBe("");
    // Files name them, and the one without a file has a name that somebody gave it.
    for (const all of [[], ["--all"]]) expect((await volume("prune", "--force", ...all)).stdout).toBe("");
    await host.sh(
      "mkdir /tmp/away; mv /etc/containers/systemd/{keeper.container,kept.volume,scratch.volume} /tmp/away",
    );
    expect((await volume("prune", "--force")).stdout).toBe("");
    expect((await volume("prune", "--all", "--force")).stdout).toBe("other\nsystemd-kept\nsystemd-scratch\n");
    await host.sh("mv /tmp/away/* /etc/containers/systemd/");
    // Its service is made for the next one anew, with all that the file says.
    expect(await property(host, "kept-volume.service", "ActiveState")).toBe("inactive");
    await host.ok(["systemctl", "start", "keeper"]);
    expect((await volume("inspect", "systemd-kept")).stdout).toContain('"stage": "test"');
    await host.ok(["systemctl", "stop", "keeper"]);
    await host.ok(["berth", "volume", "rm", "systemd-kept", "systemd-scratch", "other"]);
    expect(await property(host, "scratch-volume.service", "ActiveState")).toBe("inactive");
  });

  hostTest("with a file system of their own stay while they are mounted on the host", async () => {
    await volume("create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m,mode=1750", "memory");
    await inside(["-v", "memory:/m"], "touch /m/lost");
    expect(await inside(["-v", "memory:/m"], "ls -A /m; stat -c %a /m")).toBe("1750");
    const path = (await volume("mount", "memory")).stdout.trim();
    await host.ok(["touch", `${path}/shared`]);
    expect(await inside(["-v", "memory:/m"], "ls /m")).toBe("shared");
    await volume("unmount", "memory");
    expect(await host.ok(["ls", "-A", path])).toBe("");
    await volume("mount", "memory");
    expect(await volume("rm", "memory")).toMatchObject({ exitCode: 0 });
    expect(await leftovers()).toBe("");
  });

  hostTest("in memory are one for all containers that run at the same time, and then gone", async () => {
    const files: Record<string, string> = {};
    await host.write(
      "/etc/containers/systemd/common.volume",
      "[Volume]\nType=tmpfs\nDevice=tmpfs\nOptions=size=1m,mode=1777\n",
    );
    const names = ["first", "second", "third", "mapped"];
    for (const name of names) {
      const more = name === "mapped" ? "UserNS=auto\n" : "";
      files[`${name}.container`] =
        `[Container]\nImage=${TOOLS}\nNetwork=none\n${more}Volume=common.volume:/common\nStopSignal=KILL\nExec=sh -c 'touch /common/${name}; exec sleep 1000'\n`;
    }
    await install(host, files);
    await host.ok(["systemctl", "start", ...names]);
    const pid = await property(host, "second", "MainPID");
    const seen = `/proc/${pid}/root/common`;
    await host.sh(`while [ $(ls ${seen} | wc -l) -lt 4 ]; do sleep 0.05; done`);
    expect(await inside(["-v", "systemd-common:/c"], "ls /c")).toBe("first\nmapped\nsecond\nthird");
    await host.ok(["systemctl", "kill", "--signal=KILL", "first"]);
    await host.ok(["systemctl", "stop", ...names]);
    expect(await inside(["-v", "systemd-common:/c"], "ls /c")).toBe("");
    await volume("rm", "systemd-common");
    expect(await leftovers()).toBe("");
  });

  newestHostTest(suite, "that bind a folder never take it away", async () => {
    await volume("create", "--opt", "type=bind", "--opt", "device=/srv/data", "bound");
    expect(await inside(["-v", "bound:/b:ro"], "cat /b/file")).toBe("one");
    await volume("mount", "bound");
    expect(await volume("rm", "bound")).toMatchObject({ exitCode: 0 });
    expect(await host.ok(["cat", "/srv/data/file"])).toBe("one");
    await volume("create", "--opt", "type=bind", "--opt", "device=/srv/data", "bound");
    const killed = host.run(
      ["berth", "run", "--network", "none", "--name", "killed", "-v", "bound:/b", TOOLS, "sleep", "1000"],
      {},
    );
    // The container is listed when its first process is there, which becomes sleep a moment later.
    await host.sh("until berth ps | grep -q killed && pgrep -x sleep; do sleep 0.05; done; kill -9 $(pgrep -x sleep)");
    expect((await killed).exitCode).toBe(137);
    await host.ok(["berth", "cleanup", "--stale"]);
    expect(await host.ok(["cat", "/srv/data/below/file"])).toBe("two");
    expect(await leftovers()).toBe("");
    await volume("rm", "bound");
  });

  newestHostTest(
    suite,
    "and layers of 20,000 folders in each other hold up neither who has them nor others",
    async () => {
      const deep = async (folder: string) =>
        host.sh(
          `mkdir -p ${folder}; perl -e 'chdir $ARGV[0]; for (1..20000) { mkdir "d" or die; chdir "d" }' ${folder}`,
        );
      await volume("create", "deep");
      await deep(`${VOLUMES}/deep/_data`);
      expect(await volume("rm", "deep")).toMatchObject({ exitCode: 0 });
      expect(await host.ok(["ls", "-A", VOLUMES])).toBe("");
      // What a removal leaves that is killed is nothing to who makes another volume.
      await deep(`${VOLUMES}/.gone-killed/gone/_data`);
      expect(await inside(["-v", "other:/v"], "touch /v/a; ls /v")).toBe("a");
      expect(await host.ok(["ls", "-A", VOLUMES])).toBe(".gone-killed\nother");
      await install(host, {
        "deep.container": `[Container]\nImage=${TOOLS}\nNetwork=none\nExec=sleep 1000\nStopSignal=SIGKILL\n[Service]\nSuccessExitStatus=SIGKILL\n`,
      });
      await host.ok(["systemctl", "start", "deep"]);
      await deep("$(echo /var/lib/berth/containers/*/upper)");
      await deep("/var/lib/berth/trash/earlier");
      await host.ok(["systemctl", "stop", "deep"]);
      expect(await property(host, "deep.service", "Result")).toBe("success");
      expect(await leftovers()).toBe("");
      expect(await host.ok(["berth", "cleanup", "--stale"])).toBe("");
      expect(await host.ok(["ls", "-A", VOLUMES, "/var/lib/berth/"])).not.toMatch(/gone|trash/);
      await volume("rm", "other");
    },
  );

  newestHostTest(suite, "of an image hold a copy of it", async () => {
    await volume("create", "--driver", "image", "--opt", `image=${TOOLS}`, "copy");
    expect(await inside(["-v", "copy:/i"], "cat /i/etc/passwd; rm /i/etc/passwd")).toContain("app:");
    expect(await inside(["-v", "copy:/i:ro"], "ls /i/etc")).not.toContain("passwd");
    expect(await volume("create", "--driver", "image", "--opt", "image=none:1", "nothing")).toMatchObject({
      exitCode: 125,
    });
    await volume("rm", "copy");
    expect(await host.ok(["ls", "-A", VOLUMES])).toBe("");
  });

  newestHostTest(
    suite,
    "take content, owners and attributes along through an archive, and nothing out of themselves",
    async () => {
      await inside(
        ["-v", "from:/v"],
        "mkdir /v/d; echo deep > /v/d/file; chown 5:6 /v/d/file; chmod 4751 /v/d/file; ln -s d/file /v/link; ln /v/d/file /v/hard; touch /v/.wh.odd; chown 7:8 /v; chmod 1770 /v",
      );
      await volume("create", "to");
      await host.sh("berth volume export from | gzip | berth volume import to -");
      const look = "cd /v; find . -printf '%p %U:%G %m %y %n %l\\n' | sort; cat link";
      const [before, after] = await Promise.all(
        ["from", "to"].map((name) => host.sh(look.replace("/v", `${VOLUMES}/${name}/_data`))),
      );
      expect(after).toBe(before as string);
      // Files of the same names are replaced, others stay; a link in the volume is replaced, never followed.
      await host.sh(
        `cd ${VOLUMES}/to/_data; echo mine > own; rm -r d; ln -s /srv/links d; berth volume export -o /tmp/from.tar from; berth volume import to /tmp/from.tar; test "$(cat d/file) $(cat own)" = "deep mine"; test -z "$(ls -A /srv/links)"`,
      );
      await host.sh(
        "cd /tmp; ln -s /srv/links out; tar -cf hostile.tar out; rm out; mkdir out; touch out/evil; tar -rf hostile.tar out/evil",
      );
      const hostile = await volume("import", "to", "/tmp/hostile.tar");
      expect(
        hostile.exitCode === 0 || hostile.stderr.includes("hostile.tar") || hostile.stderr.includes("archive"),
      ).toBe(true);
      expect(await host.ok(["ls", "-A", "/srv/links"])).toBe("");
      await host.write("/tmp/bad.tar", "x".repeat(2000));
      const bad = await volume("import", "to", "/tmp/bad.tar");
      expect(bad).toMatchObject({ exitCode: 125 });
      expect(await host.ok(["cat", `${VOLUMES}/to/_data/own`])).toBe("mine");
      expect(await volume("import", "to", "/tmp/none.tar")).toMatchObject({
        exitCode: 125,
        stderr: "berth: error: /tmp/none.tar cannot be opened (ENOENT)\n",
      });
      expect(await volume("import", "none", "/tmp/from.tar")).toMatchObject({ exitCode: 125 });
      await volume("rm", "from", "to");
      expect(await host.ok(["ls", "-A", VOLUMES])).toBe("");
    },
  );

  newestHostTest(suite, "are all or nothing when the disk is full", async () => {
    await host.sh(`mkdir -p ${VOLUMES}; mount -t tmpfs -o size=64k tmpfs ${VOLUMES}`);
    try {
      const full = await host.run(["berth", "run", "--network", "none", "-v", "big:/usr", TOOLS, "true"]);
      expect(full.exitCode).toBe(125);
      expect(full.stderr).toContain("No space left on device");
      expect(await host.sh(`ls -A ${VOLUMES}/big ${VOLUMES}/big/_data`)).not.toMatch(/new|complete|bin/);
      await host.ok(["mount", "-o", "remount,size=200m", VOLUMES]);
      expect(await inside(["-v", "big:/usr"], "ls /usr")).toContain("bin");
    } finally {
      await host.ok(["umount", VOLUMES]);
    }
    expect(await leftovers()).toBe("");
  });

  hostTest("are filled whole, whenever the launcher is killed", async () => {
    const flags = ["--network", "none", "-v", "filled:/usr"];
    const whole = await inside([], "find /usr | sort | md5sum");
    for (const tenths of [1, 2, 3, 4, 5, 6]) {
      // The launcher and what it has started, cp among it, at whatever it is doing.
      await host.run(["timeout", "--signal=KILL", `0.0${tenths + 1}`, "berth", "run", ...flags, TOOLS, "true"]);
      await host.sh("pkill -KILL -x cp || true");
    }
    expect(await inside(["-v", "filled:/usr"], "find /usr | sort | md5sum")).toBe(whole);
    await host.ok(["berth", "cleanup", "--stale"]);
    expect(await host.sh(`ls -A ${VOLUMES} ${VOLUMES}/filled`)).toBe(
      `${VOLUMES}:\nfilled\n\n${VOLUMES}/filled:\n_data\nvolume.json`,
    );
    await volume("rm", "filled");
    expect(await leftovers()).toBe("");
  });

  hostTest("and folders show what the host mounts later, if they are slaves of it", async () => {
    await install(host, {
      "slave.container": `[Container]\nImage=${TOOLS}\nNetwork=none\nVolume=/srv/links:/slave:rslave\nVolume=/srv/links:/private\nStopSignal=KILL\nExec=sleep 1000\n`,
    });
    await host.sh("mount --make-rshared /; systemctl start slave; mount -t tmpfs late /srv/links");
    const pid = await property(host, "slave", "MainPID");
    const late = await host.sh(`awk '/ - tmpfs late /{ print $5 }' /proc/${pid}/mountinfo`);
    await host.sh("umount /srv/links; systemctl stop slave; mount --make-rprivate /");
    expect(late).toBe("/slave");
  });

  newestHostTest(suite, "can be mounted in part, without a way out", async () => {
    await inside(["-v", "parts:/v"], "mkdir -p /v/a/b; echo b > /v/a/b/file; ln -s /srv/data /v/out; ln -s /a/b /v/in");
    const part = (subpath: string) => ["--mount", `type=volume,source=parts,destination=/p,subpath=${subpath}`];
    expect(await inside(part("a/b"), "cat /p/file")).toBe("b");
    expect(await inside(part("in/file"), "cat /p")).toBe("b");
    for (const subpath of ["out", "../other", "a/none"]) {
      const { exitCode, stderr } = await host.run(["berth", "run", ...part(subpath), TOOLS, "true"]);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 125,
        stderr: `berth: error: volume parts: subpath ${subpath} does not exist\n`,
      });
    }
    expect(await leftovers()).toBe("");
    await volume("rm", "parts");
  });

  newestHostTest(suite, "and folders can have a layer over them that goes with the container, or stays", async () => {
    expect(await inside(["-v", "/srv/data:/d:O"], "echo new > /d/file; rm /d/below/file; cat /d/file")).toBe("new");
    await host.sh("mkdir -p /tmp/upper /tmp/work");
    const kept = ["-v", "/srv/data:/d:O,upperdir=/tmp/upper,workdir=/tmp/work"];
    await inside(kept, "echo kept > /d/file");
    expect(await inside(kept, "cat /d/file")).toBe("kept");
    expect(await host.ok(["cat", "/srv/data/file", "/srv/data/below/file", "/tmp/upper/file"])).toBe("one\ntwo\nkept");
    expect(await leftovers()).toBe("");
  });

  hostTest("and folders keep their owners on the disk while a user namespace sees them as its own", async () => {
    await host.sh("mkdir -p /tmp/owned; echo x > /tmp/owned/file; chown 1000:1000 /tmp/owned/file");
    const auto = ["--userns", "auto"];
    const look = "stat -c %u:%g /o/file";
    expect(await inside([...auto, "-v", "/tmp/owned:/o"], look)).toBe("65534:65534");
    expect(await inside([...auto, "-v", "/tmp/owned:/o:idmap"], look)).toBe("1000:1000");
    expect(await inside(["-v", "/tmp/owned:/o:idmap"], look)).toBe("1000:1000");
    expect(await inside(["-v", "/tmp/owned:/o:idmap=uids=1000-7-1;gids=1000-8-1"], look)).toBe("7:8");
    expect(await inside([...auto, "-v", "/tmp/owned:/o:idmap=uids=@1000-7-1;gids=@1000-8-1"], look)).toBe("7:8");
    const used = [...auto, "--user", "app", "-v", "mapped:/home/app:idmap", "-v", "shifted:/home/app/below"];
    await inside(used, "touch ~/file ~/below/file");
    const owner = (name: string) => host.ok(["stat", "--format=%u:%g", `${VOLUMES}/${name}/_data/file`]);
    expect(await owner("mapped")).toBe("1000:1000");
    expect(await owner("shifted")).toBe("501000:501000");
    const alice = await host.run(
      ["berth", "run", "--network", "none", "--userns", "keep-id", "-v", "/home/alice:/o:idmap", TOOLS, "true"],
      {
        user: "alice",
      },
    );
    expect(alice.stderr).toContain("option idmap: the owners in /home/alice cannot be shifted");
    await volume("rm", "mapped", "shifted");
    expect(await leftovers()).toBe("");
  });

  newestHostTest(suite, "that are asked for and are not there are told of", async () => {
    const missing = await host.run(["berth", "run", "-v", "none:/x:nocreate", TOOLS, "true"]);
    expect(missing).toMatchObject({
      exitCode: 125,
      stderr: "berth: error: no such volume: none (nocreate: it has to be there)\n",
    });
    const glob = await host.run(["berth", "run", "--mount", "type=glob,src=/srv/none*,dst=/x", TOOLS, "true"]);
    expect(glob.stderr).toBe("berth: error: no file on the host matches /srv/none*\n");
    expect(await volume("create", "--opt", "type=bind", "--opt", "device=/not/there", "v")).toMatchObject({
      exitCode: 125,
      stderr: "berth: error: device /not/there does not exist on the host\n",
    });
    const denied = await host.run(["berth", "run", "-v", "/etc:/x:U", TOOLS, "true"]);
    expect(denied.stderr).toContain("option U: /etc is the system's");
    expect(await leftovers()).toBe("");
  });

  hostTest("in a user's scope", async () => {
    const alice = { user: "alice" };
    const own = (...words: string[]) => host.run(["berth", "volume", ...words], alice);
    expect(await own("create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "memory")).toMatchObject({
      exitCode: 0,
    });
    expect(await own("create", "--driver", "image", "--opt", `image=${TOOLS}`, "copy")).toMatchObject({ exitCode: 0 });
    await host.sh("mkdir ~/folder; echo one > ~/folder/file", alice);
    const flags = ["-v", "data:/home/app", "-v", "memory:/m", "-v", "copy:/i", "-v", "/home/alice/folder:/d:O"];
    const seen = await inside(
      [...flags, "--mount", `type=image,source=${TOOLS},destination=/t,rw`],
      "stat -c %U /home/app; findmnt -n -o FSTYPE /m 2>/dev/null || grep -o ' /m .*tmpfs' /proc/self/mountinfo | grep -o tmpfs | head -1; ls /i/etc/passwd /t/etc/passwd; echo x > /d/file; echo x > /t/x",
      "alice",
    );
    expect(seen).toBe("app\ntmpfs\n/i/etc/passwd\n/t/etc/passwd");
    await host.sh(
      "berth volume export data > /tmp/alice.tar; berth volume create back; berth volume import back /tmp/alice.tar",
      alice,
    );
    expect(await host.ok(["cat", "/home/alice/folder/file"])).toBe("one");
    expect((await own("mount", "memory")).stderr).toContain("only root can mount on the host");
    await own("create", "--opt", "type=ext4", "--opt", "device=/dev/loop7", "disk");
    const disk = await host.run(["berth", "run", "--rm", "--network", "none", "-v", "disk:/d", TOOLS, "true"], alice);
    expect(disk.stderr).toContain("a user's containers can mount tmpfs, and folders by Type=bind");
    await host.write("/home/alice/.config/containers/systemd/own.volume", "[Volume]\n");
    await host.ok(["systemctl", "--user", "daemon-reload"], alice);
    await host.ok(["systemctl", "--user", "start", "own-volume"], alice);
    expect(await own("rm", "systemd-own")).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await host.run(["systemctl", "--user", "is-active", "own-volume"], alice)).stdout.trim()).toBe("inactive");
    const gone = await own("rm", "--all");
    expect(gone).toMatchObject({ exitCode: 0, stdout: "back\ncopy\ndata\ndisk\nmemory\n" });
  });
});
