import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property, reaches } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const TOOLS = sample("tools:1");
const WAIT = "Exec=sleep infinity\nStopSignal=KILL\n";

describeOnSuites("both", "references between files on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootWithImages(suite);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  const inside = async (name: string, ...argv: string[]) => host.ok(["berth", "exec", name, ...argv]);

  hostTest("what a container refers to is made before it, and once for all", async () => {
    await install(host, {
      "tools.image": `[Image]\nImage=${TOOLS}\n`,
      "data.volume": "[Volume]\nVolumeName=the-data\nServiceName=keep\n",
      "one.container": `[Container]\nImage=tools.image\nVolume=data.volume:/data\nNetwork=none\n${WAIT}`,
      "two.container": `[Container]\nImage=tools.image\nVolume=data.volume:/data\nNetwork=none\n${WAIT}`,
    });
    expect((await host.run(["berth", "image", "ls", "--quiet"])).stdout).toBe("");
    await host.ok(["systemctl", "start", "one", "two"]);
    for (const unit of ["tools-image.service", "keep.service", "one.service", "two.service"])
      expect([unit, await property(host, unit, "ActiveState")]).toEqual([unit, "active"]);
    await inside("systemd-one", "touch", "/data/here");
    expect(await inside("systemd-two", "ls", "/data")).toBe("here");
    expect(await host.sh("ls /var/lib/berth/volumes/the-data/_data")).toBe("here");
    await host.ok(["systemctl", "stop", "one", "two", "keep", "tools-image"]);
    expect(await host.sh("ls /var/lib/berth/volumes/the-data/_data")).toBe("here");
  });

  hostTest("a template uses its own instance of another", async () => {
    await install(host, {
      "work@.volume": "[Volume]\n",
      "job@.container": `[Container]\nImage=tools.image\nVolume=work@.volume:/work\nNetwork=none\n${WAIT}`,
    });
    await host.ok(["systemctl", "start", "job@a", "job@b"]);
    for (const unit of ["work-volume@a.service", "work-volume@b.service"])
      expect(await property(host, unit, "ActiveState")).toBe("active");
    await inside("systemd-job_a", "touch", "/work/of-a");
    expect(await inside("systemd-job_b", "ls", "/work")).toBe("");
    expect(await host.sh("ls -d /var/lib/berth/volumes/systemd-work-*")).toBe(
      "/var/lib/berth/volumes/systemd-work-a\n/var/lib/berth/volumes/systemd-work-b",
    );
    await host.ok(["systemctl", "stop", "job@a", "job@b"]);
  });

  hostTest("a template of pods has a pod for each instance of its containers", async () => {
    await install(host, {
      "web@.pod": "[Pod]\nNetwork=none\nHostName=host-%i\n\n[Service]\nSlice=web.slice\n",
      "app@.container": `[Container]\nImage=tools.image\nPod=web@.pod\n${WAIT}`,
      "late@.container": `[Container]\nImage=tools.image\nPod=web@.pod\nStartWithPod=no\n${WAIT}`,
      "extra@c.container": `[Container]\nImage=tools.image\nPod=web@.pod\n${WAIT}`,
    });
    await host.ok(["systemctl", "start", "web-pod@a", "late@b", "web-pod@c"]);
    for (const unit of ["app@a", "app@b", "app@c", "extra@c", "late@b", "web-pod@b"])
      await reaches(host, `${unit}.service`, "active");
    for (const unit of ["late@a", "extra@a", "late@c"])
      expect([unit, await property(host, `${unit}.service`, "ActiveState")]).toEqual([unit, "inactive"]);
    for (const [container, name] of [
      ["systemd-app_a", "host-a"],
      ["systemd-app_b", "host-b"],
      ["systemd-late_b", "host-b"],
      ["systemd-extra_c", "host-c"],
    ] as const)
      expect(await inside(container, "hostname")).toBe(name);
    // Limits of the pod are those of its slice, which its containers are in.
    expect(await property(host, "app@a.service", "Slice")).toBe("web.slice");
    await host.ok(["systemctl", "stop", "web-pod@b"]);
    for (const unit of ["app@b", "late@b"])
      expect(await property(host, `${unit}.service`, "ActiveState")).not.toBe("active");
    expect(await property(host, "app@a.service", "ActiveState")).toBe("active");
    await host.ok(["systemctl", "stop", "web-pod@a", "web-pod@c"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("containers share networks of files, and the network of another container", async () => {
    await install(host, {
      "front.network": "[Network]\nSubnet=10.90.0.0/24\nNetworkDeleteOnStop=yes\n",
      "back.network": "[Network]\nNetworkName=the-back\nInternal=yes\n",
      "both.container": `[Container]\nImage=tools.image\nNetwork=front.network:ip=10.90.0.5\nNetwork=back.network\n${WAIT}`,
      "side.container": `[Container]\nImage=tools.image\nNetwork=both.container\n${WAIT}`,
    });
    await host.ok(["systemctl", "start", "side"]);
    for (const unit of ["front-network.service", "back-network.service", "both.service", "side.service"])
      expect([unit, await property(host, unit, "ActiveState")]).toEqual([unit, "active"]);
    const addresses = await inside("systemd-both", "ip", "-o", "-4", "address");
    expect(addresses).toContain(" 10.90.0.5/24 ");
    expect(addresses.split("\n")).toHaveLength(3);
    expect(await inside("systemd-side", "ip", "-o", "-4", "address")).toBe(addresses);
    // What needs a network goes before it; the one that is to be deleted is then gone.
    await host.ok(["systemctl", "stop", "front-network", "back-network"]);
    expect(await property(host, "both.service", "ActiveState")).not.toBe("active");
    expect(await host.ok(["berth", "network", "ls"])).toContain("the-back");
    expect(await host.ok(["berth", "network", "ls"])).not.toContain("systemd-front");
    await host.ok(["berth", "network", "rm", "the-back"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("a user's files refer to each other as well", async () => {
    const files: Readonly<Record<string, string>> = {
      "tools.image": `[Image]\nImage=${TOOLS}\n`,
      "data.volume": "[Volume]\n",
      "web@.pod": "[Pod]\nNetwork=none\nHostName=host-%i\n",
      "app@.container": `[Container]\nImage=tools.image\nPod=web@.pod\nVolume=data.volume:/data\n${WAIT}`,
    };
    for (const [name, text] of Object.entries(files))
      await host.write(`/home/alice/.config/containers/systemd/${name}`, text);
    await host.ok(["chown", "-R", "alice:alice", "/home/alice"]);
    const systemctl = async (...words: string[]) =>
      (await host.run(["systemctl", "--user", ...words], { user: "alice" })).stdout.trim();
    await systemctl("daemon-reload");
    await systemctl("start", "web-pod@a");
    await until("the container to be active", async () => (await systemctl("is-active", "app@a")) === "active");
    expect(await systemctl("is-active", "tools-image", "data-volume")).toBe("active\nactive");
    const hostname = async () => host.ok(["berth", "exec", "systemd-app_a", "hostname"], { user: "alice" });
    expect(await hostname()).toBe("host-a");
    await systemctl("restart", "web-pod@a");
    await until("it to be active again", async () => (await systemctl("is-active", "app@a")) === "active");
    expect(await hostname()).toBe("host-a");
    await systemctl("stop", "web-pod@a");
    expect(await systemctl("is-active", "app@a")).not.toBe("active");
  });

  const outlive = async (user: "root" | "alice") => {
    const who = user === "root" ? {} : { user };
    const folder = user === "root" ? "/etc/containers/systemd" : "/home/alice/.config/containers/systemd";
    const systemctl = async (...words: string[]) =>
      (await host.run(["systemctl", ...(user === "root" ? [] : ["--user"]), ...words], who)).stdout.trim();
    const show = (unit: string, name: string) => systemctl("show", `--property=${name}`, "--value", unit);
    // Which signal the file had is forgotten with it; with an init of its own, sleep ends by any.
    const base = `[Container]\nImage=${TOOLS}\nExec=sleep infinity\nRunInit=yes\n`;
    const files: Readonly<Record<string, string>> = {
      "lost.pod": "[Pod]\nHostName=lost\n",
      "member.container": `${base}Pod=lost.pod\n`,
      "single.container": `${base}Network=bridge\nPublishPort=8191:80\n`,
      "work@.container": `${base}Network=none\n`,
      "task.container": `${base}Network=none\n[Service]\nType=oneshot\nTimeoutStopSec=1\n`,
      "wrong.container": `${base}Network=none\n`,
    };
    const units = ["lost-pod", "member", "single", "work@a", "task", "wrong"].map((name) => `${name}.service`);
    for (const [name, text] of Object.entries(files)) await host.write(`${folder}/${name}`, text);
    await host.sh(`chown -R alice:alice /home/alice
      ip link show up0 2> /dev/null || { ip link add up0 type bridge; ip addr add 203.0.113.5/24 dev up0; ip link set up0 up; }
      ip route replace default via 203.0.113.1`);
    await systemctl("daemon-reload");
    await systemctl("start", "--no-block", ...units);
    for (const unit of units) {
      const state = unit === "task.service" ? "activating" : "active";
      await until(`${unit} to be ${state}`, async () => (await show(unit, "ActiveState")) === state);
    }
    await until("the task to run", async () => host.sh("pgrep -xc sleep").then((count) => Number(count) >= 5));
    const processes = async () => Promise.all(units.map((unit) => show(unit, "MainPID")));
    const before = await processes();
    for (const name of Object.keys(files)) await host.ok(["rm", `${folder}/${name}`]);
    await host.write(`${folder}/wrong.container`, `${base}Imge=x\n`);
    await systemctl("daemon-reload");
    expect(await processes()).toEqual(before);
    expect(await show("single.service", "Description")).toBe(
      "single.service (its file has been removed: it can only be stopped)",
    );
    expect(await show("wrong.service", "Description")).toBe("wrong.container (refused because of errors)");
    // What it is told when it is started is why that cannot be.
    await systemctl("restart", "single");
    expect(await show("single.service", "ExecMainStatus")).toBe("78");
    await systemctl("stop", "lost-pod", "work@a", "task", "wrong");
    for (const unit of units) expect([unit, await show(unit, "ActiveState")]).not.toEqual([unit, "active"]);
    await systemctl("stop", "berth-networks.target");
    // Its services end after it.
    await until("nothing to be left", async () => (await leftovers(host)) === "");
    await systemctl("reset-failed");
    await systemctl("daemon-reload");
    for (const unit of units.slice(0, -1)) expect([unit, await show(unit, "LoadState")]).toEqual([unit, "not-found"]);
    await host.ok(["rm", `${folder}/wrong.container`]);
  };

  hostTest("what runs while its file is removed, or becomes a wrong one, can be stopped", () => outlive("root"));
  hostTest("so can what runs of a user's", () => outlive("alice"));

  hostTest("a broken file is named by those that need it, where people look", async () => {
    await install(host, {
      "bad.volume": "[Volume]\nType=ext4\n",
      "user.container": `[Container]\nImage=tools.image\nVolume=bad.volume:/x\nVolume=bda.volume:/y\n`,
      "a.container": `[Unit]\nRequires=b.volume\nAfter=b.volume\n\n[Container]\nImage=tools.image\n`,
      "b.volume": "[Unit]\nAfter=a.container\n\n[Volume]\n",
    });
    expect((await host.run(["systemctl", "start", "user"])).exitCode).not.toBe(0);
    const status = await host.statusOf("user", { lines: 20 });
    expect(status).toContain("user.container:3:8: error: Volume: bad.volume has errors itself");
    expect(status).toContain(
      'user.container:4:8: error: Volume: requested Quadlet source bda.volume was not found (did you mean "bad.volume"?)',
    );
    expect((await host.run(["systemctl", "start", "a"])).exitCode).not.toBe(0);
    expect(await host.journal("a")).toContain(
      "a.container:3:7: error: After: dependency loop: a.container after b.volume after a.container",
    );
  });
});
