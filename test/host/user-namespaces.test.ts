import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property, reaches } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const APP = `[Container]\nImage=${sample("app:1")}\n`;
/** How many containers take ids at once. */
const MANY = 12;

describeOnSuites("both", "user namespaces on %s", (suite) => {
  let host: Host;
  const alice = { user: "alice" } as const;

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["app:1", "tools:1"]);
    // bob has never logged in, and has no manager.
    await host.sh(`
      useradd --uid 1500 --no-create-home --home-dir /nonexistent bob
      sed -i /^bob:/d /etc/subuid /etc/subgid
      printf 'bob:300000:65536\\ncontainers:1000000:1000000\\n' | tee -a /etc/subuid >> /etc/subgid
      mkdir -m 755 /srv/bobs /srv/roots
      echo bobs > /srv/bobs/file; chown -R bob:bob /srv/bobs; chmod 600 /srv/bobs/file
      echo roots > /srv/roots/file; chmod 600 /srv/roots/file`);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  const mainPid = (unit: string) => property(host, unit, "MainPID");
  /** uid_map and gid_map of a process, blanks made one. */
  const maps = async (pid: string) =>
    (await host.ok(["cat", `/proc/${pid}/uid_map`, `/proc/${pid}/gid_map`])).replace(/^ +/gm, "").replace(/ +/g, " ");
  const failed = async (unit: string) => {
    expect((await host.run(["systemctl", "start", unit])).exitCode).not.toBe(0);
    return host.statusOf(unit);
  };

  hostTest("of a system container: root inside is nobody outside, and owns what is inside", async () => {
    await install(host, {
      "web.container": `${APP}UserNS=auto\nVolume=web:/data\nVolume=/srv/roots:/roots\nPublishPort=8080:8080\n[Socket]\nListenStream=8123\n`,
    });
    await host.ok(["systemctl", "start", "web.socket", "web.service"]);
    const pid = await mainPid("web.service");
    expect(await maps(pid)).toBe("0 1000000 1024\n0 1000000 1024");
    expect(await host.ok(["ps", "-o", "ppid=,uid=,gid=", "-p", pid])).toMatch(/^\s*1 1000000 1000000$/);
    expect(await host.ok(["curl", "-sS", "http://127.0.0.1:8123/"])).toStartWith("hello from");
    const inside = await host.ok([
      ...["berth", "exec", "web", "sh", "-c"],
      "id -u; stat -c '%n %u:%g' / /etc /etc/hosts /etc/mtab /data; touch /data/new /new; cat /roots/file || true; mount -t tmpfs none /mnt || true",
    ]);
    expect(inside.replaceAll("\r", "")).toStartWith("0\n/ 0:0\n/etc 0:0\n/etc/hosts 0:0\n/etc/mtab 0:0\n/data 0:0");
    expect(inside).not.toContain("roots\n");
    expect(await host.ok(["stat", "-c", "%u:%g", "/var/lib/berth/volumes/web/_data/new"])).toBe("1000000:1000000");
    // Nothing of the image itself has changed hands.
    expect(await host.ok(["sh", "-c", "stat -c %u:%g /var/lib/berth/layers/*/tree | sort -u"])).toBe("0:0");
    // The network is the container's own user namespace's: it may change it.
    expect(
      await host.ok(["berth", "exec", "web", "cat", "/proc/sys/net/ipv4/ping_group_range"]).then((text) => text.trim()),
    ).toBe("0\t0");
    await host.ok(["systemctl", "kill", "--signal=KILL", "web.service"]);
    await host.ok(["systemctl", "stop", "web.socket"]);
    await reaches(host, "web.service", "failed");
    expect(await leftovers(host)).toBe("");
  });

  hostTest(`of ${MANY} containers that start at once: no two share an id, and all are given back`, async () => {
    const names = Array.from({ length: MANY }, (_, index) => `many${index}`);
    await install(
      host,
      Object.fromEntries(names.map((name) => [`${name}.container`, `${APP}UserNS=auto:size=5000\nNetwork=none\n`])),
    );
    await host.ok(["systemctl", "start", ...names]);
    const starts = await Promise.all(
      names.map(async (name) => Number((await maps(await mainPid(`${name}.service`))).split(" ")[1])),
    );
    expect(starts.toSorted((a, b) => a - b)).toEqual(names.map((_, index) => 1000000 + 5000 * index));
    await host.ok(["systemctl", "kill", "--signal=KILL", ...names]);
    for (const name of names) await reaches(host, `${name}.service`, "failed");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("of a user, for a system service: no login, no manager, the user's ids", async () => {
    await install(host, {
      "bobs.container": `${APP}Volume=bobs:/data\nVolume=/srv/bobs:/bobs\nVolume=/srv/roots:/roots\n[Service]\nUser=bob\n`,
      "kept.container": `${APP}UserNS=keep-id\nVolume=/srv/bobs:/bobs\nNetwork=none\nExec=\n[Service]\nUser=bob\n`,
      "told.container": `[Container]\nImage=${sample("tools:1")}\nNotify=true\nNetwork=none\nExec=sh -c 'STAY=1 notify READY=1 STATUS=hello; exec sleep 100'\nStopSignal=KILL\n[Berth]\nLoginUID=bob\n[Service]\nUser=bob\n[Install]\nWantedBy=multi-user.target\n`,
    });
    await host.ok(["systemctl", "start", "bobs", "kept", "told"]);
    const pid = await mainPid("bobs.service");
    expect(await maps(pid)).toBe("0 1500 1\n1 300000 65536\n0 1500 1\n1 300000 65536");
    expect(await host.ok(["ps", "-o", "ppid=,user=", "-p", pid])).toMatch(/^\s*1 bob$/);
    expect(await host.ok(["berth", "exec", "bobs", "cat", "/bobs/file"]).then((text) => text.trim())).toBe("bobs");
    expect((await host.run(["berth", "exec", "bobs", "cat", "/roots/file"])).exitCode).not.toBe(0);
    expect(await host.ok(["stat", "-c", "%U", "/var/lib/berth/volumes/bobs/_data"])).toBe("bob");
    const kept = await mainPid("kept.service");
    expect(await maps(kept)).toStartWith("0 300000 1500\n1500 1500 1\n1501 301500 64036\n");
    expect(await host.ok(["ps", "-o", "user=", "-p", kept])).toBe("bob");
    expect(await property(host, "told.service", "StatusText")).toBe("hello");
    expect(await host.ok(["cat", `/proc/${await mainPid("told.service")}/loginuid`])).toBe("1500");
    // Nobody has logged in.
    expect((await host.run(["systemctl", "is-active", "user@1500.service", "user-1500.slice"])).stdout).not.toContain(
      "\nactive",
    );
    expect(await property(host, "told.service", "WantedBy")).toContain("multi-user.target");
    await host.ok(["systemctl", "stop", "bobs", "kept", "told"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("of a user that systemd makes up for as long as the service is there", async () => {
    await install(host, {
      "made-up.container": `${APP}Volume=/var/lib/made-up:/data\nNetwork=none\n[Service]\nDynamicUser=yes\nStateDirectory=made-up\n`,
    });
    await host.ok(["systemctl", "start", "made-up"]);
    const uid = await host.ok(["readlink", "/run/systemd/dynamic-uid/direct:made-up"]);
    expect(uid).toMatch(/^6\d{4}$/);
    const pid = await mainPid("made-up.service");
    expect(await maps(pid)).toBe(`0 ${uid} 1\n1 1000000 65536\n0 ${uid} 1\n1 1000000 65536`);
    expect(await host.ok(["ps", "-o", "ppid=,uid=", "-p", pid])).toMatch(new RegExp(`^\\s*1 +${uid}$`));
    await host.ok(["berth", "exec", "made-up", "touch", "/data/new"]);
    expect(await host.ok(["stat", "-c", "%u:%g", "/var/lib/private/made-up/new"])).toBe(`${uid}:${uid}`);
    await host.ok(["systemctl", "kill", "--signal=KILL", "made-up"]);
    await reaches(host, "made-up.service", "failed");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("that cannot be had are one error in the status, and nothing is left", async () => {
    await install(host, {
      "none.container": `${APP}SubUIDMap=carol\nSubGIDMap=carol\n`,
      "nobody.container": `${APP}[Service]\nUser=dave\n`,
      "large.container": `${APP}UserNS=auto:size=2000000\n`,
      "outside.container": `${APP}UIDMap=0:70000:10\n[Service]\nUser=bob\n`,
      "overlap.container": `${APP}UIDMap=0:1000:10\nUIDMap=5:5000:10\n`,
      "joined.container": `${APP}UserNS=container:missing\n`,
    });
    expect(await failed("none")).toContain(
      "no subordinate uids for carol: add a line like carol:1000000:65536 to /etc/subuid",
    );
    expect(await failed("nobody")).toContain('no user "dave" on this host');
    expect(await failed("large")).toContain(
      "no 2000000 subordinate uids are left: 0 containers have theirs out of 1000000",
    );
    expect(await failed("outside")).toContain("id 70009 is beyond the 65537 ids there are to be mapped");
    expect(await failed("overlap")).toContain("the container's id 5 is mapped by another line already");
    expect(await failed("joined")).toContain("missing");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("of another container, or at a path, are joined", async () => {
    await install(host, {
      "first.container": `${APP}UserNS=auto\nNetwork=none\nContainerName=first\n`,
      "second.container": `${APP}UserNS=container:first\nVolume=second:/data\n`,
    });
    await host.ok(["systemctl", "start", "first"]);
    await host.ok(["systemctl", "start", "second"]);
    const [first, second] = [await mainPid("first.service"), await mainPid("second.service")];
    const namespace = (pid: string) => host.ok(["readlink", `/proc/${pid}/ns/user`]);
    expect(await namespace(second)).toBe(await namespace(first));
    expect(await host.ok(["berth", "exec", "second", "stat", "-c", "%u", "/data"]).then((text) => text.trim())).toBe(
      "0",
    );
    const third = await host.ok([
      ...["berth", "run", `--userns=ns:/proc/${first}/ns/user`, "--network=none", "--entrypoint=readlink"],
      ...[sample("app:1"), "/proc/self/ns/user"],
    ]);
    expect(third.trim()).toBe(await namespace(first));
    await host.ok(["systemctl", "stop", "first", "second"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("of a pod: its containers share one, and the network is its", async () => {
    await install(host, {
      "shared.pod": "[Pod]\nUserNS=auto\nPublishPort=8090:8080\nExitPolicy=stop\n",
      "one.container": `${APP}Pod=shared.pod\nVolume=one:/data\n`,
      "two.container": `${APP}Pod=shared.pod\nUser=app\nEnvironment=PORT=8081\n`,
    });
    await host.ok(["systemctl", "start", "shared-pod.service", "one.service", "two.service"]);
    const [one, two] = [await mainPid("one.service"), await mainPid("two.service")];
    const namespaces = (pid: string) =>
      host.ok(["readlink", ...["user", "net", "ipc"].map((kind) => `/proc/${pid}/ns/${kind}`)]);
    expect(await namespaces(two)).toBe(await namespaces(one));
    expect(await maps(one)).toBe("0 1000000 1024\n0 1000000 1024");
    expect(await host.ok(["ps", "-o", "uid=", "-p", two])).toMatch(/^\s*1001000$/);
    const inside = await host.ok([
      ...["berth", "exec", "one", "sh", "-c"],
      "stat -c '%n %u:%g' / /etc/hosts /etc/hostname /dev/shm /data; echo 0 5 > /proc/sys/net/ipv4/ping_group_range || true; ls /sys/class/net",
    ]);
    expect(inside.replaceAll("\r", "").trim()).toBe(
      "/ 0:0\n/etc/hosts 0:0\n/etc/hostname 0:0\n/dev/shm 0:0\n/data 0:0\neth0\nlo",
    );
    expect(await host.ok(["curl", "-sS", "http://127.0.0.1:8090/"])).toStartWith("hello from");
    await host.ok(["systemctl", "stop", "shared-pod.service"]);
    for (const unit of ["one.service", "two.service"]) await reaches(host, unit, "inactive");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("of a user's other container, or at a path, are joined, and so are networks", async () => {
    const units = "/home/alice/.config/containers/systemd";
    await host.write(`${units}/one.container`, `${APP}UserNS=keep-id\nContainerName=one\nNetwork=none\n`);
    await host.write(`${units}/other.container`, `${APP}UserNS=container:one\nVolume=other:/data\nNetwork=none\n`);
    await host.sh("chown -R alice:alice /home/alice; ip netns add roots");
    await host.ok(["berth", "pull", "--quiet", sample("app:1")], alice);
    const systemctl = (...args: string[]) => host.ok(["systemctl", "--user", ...args], alice);
    await systemctl("daemon-reload");
    await systemctl("start", "one");
    await systemctl("start", "other");
    const pid = (unit: string) => systemctl("show", "--value", "--property=MainPID", unit);
    const namespaces = (of: string) => host.ok(["readlink", `/proc/${of}/ns/user`, `/proc/${of}/ns/net`]);
    const [one, other] = [await namespaces(await pid("one")), await namespaces(await pid("other"))];
    expect(other.split("\n")[0]).toBe(one.split("\n")[0]);
    expect(other.split("\n")[1]).not.toBe(one.split("\n")[1]);
    expect((await host.ok(["berth", "exec", "other", "stat", "-c", "%u", "/data"], alice)).trim()).toBe("0");
    const run = (...flags: string[]) =>
      host.run(
        [
          ...["berth", "run", ...flags, "--entrypoint=sh", sample("app:1"), "-c"],
          "readlink /proc/self/ns/user; readlink /proc/self/ns/net",
        ],
        alice,
      );
    const at = `/proc/${await pid("one")}/ns`;
    const both = await run(`--userns=ns:${at}/user`, `--network=ns:${at}/net`);
    expect(both.stdout.trim() + both.stderr).toBe(one);
    expect((await run(`--network=ns:${at}/net`)).stdout.trim().split("\n")[1]).toBe(one.split("\n")[1] ?? "");
    expect((await run("--network=ns:/run/netns/roots")).stderr).toContain(
      "the network namespace /run/netns/roots is not in a user namespace of this user's: the kernel lets only root join it",
    );
    expect((await run("--network=ns:/run/netns/missing")).stderr).toContain("/run/netns/missing: there is none");
    // A pasta of 2023 starts no networks where there is no way out.
    expect((await run("--network=bridge", "--userns=container:one")).stderr).toContain(
      suite === "bookworm"
        ? "start berth-networks.target: pasta: No external routable interface"
        : "belong to different namespaces of this user's",
    );
    await systemctl("stop", "one", "other", "berth-networks.target");
    await host.ok(["ip", "netns", "del", "roots"]);
    await until("nothing to be left", async () => (await leftovers(host)) === "");
  });

  hostTest("of a user's own container: the user inside is the user", async () => {
    const units = "/home/alice/.config/containers/systemd";
    await host.write(
      `${units}/kept.container`,
      `${APP}UserNS=keep-id\nNetwork=none\nVolume=kept:/data\nVolume=%h/mine:/mine\n`,
    );
    await host.sh(
      "mkdir -p /home/alice/mine; echo mine > /home/alice/mine/file; chmod 700 /home/alice /home/alice/mine; chown -R alice:alice /home/alice/.config /home/alice/mine",
    );
    await host.ok(["berth", "pull", "--quiet", sample("app:1")], alice);
    await host.ok(["systemctl", "--user", "daemon-reload"], alice);
    await host.ok(["systemctl", "--user", "start", "kept"], alice);
    const pid = await host.ok(["systemctl", "--user", "show", "--value", "--property=MainPID", "kept"], alice);
    expect(await maps(pid)).toStartWith("0 100000 1000\n1000 1000 1\n1001 101000 64536\n");
    expect(await host.ok(["ps", "-o", "user=", "-p", pid])).toBe("alice");
    const inside = await host.ok(
      [
        "berth",
        "exec",
        "kept",
        "sh",
        "-c",
        "id -u; cat /mine/file; touch /mine/new /data/new; stat -c %u:%g / /etc/hosts",
      ],
      alice,
    );
    expect(inside.replaceAll("\r", "").trim()).toBe("1000\nmine\n0:0\n0:0");
    expect(await host.ok(["stat", "-c", "%U", "/home/alice/mine/new"])).toBe("alice");
    await host.ok(["systemctl", "--user", "kill", "--signal=KILL", "kept"], alice);
    await until("the service to end", async () => {
      const state = await host.ok(["systemctl", "--user", "show", "--value", "--property=ActiveState", "kept"], alice);
      return state === "failed";
    });
    // The copies of layers go with the image.
    await host.ok(["berth", "rmi", sample("app:1")], alice);
    expect(await host.ok(["ls", "/home/alice/.local/share/berth/layers"])).toBe("");
  });
});
