import { afterAll, beforeAll, describe, expect } from "bun:test";
import { bootHost, type Host, until } from "./host.ts";
import { hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample, startRegistry } from "./registry.ts";
import { SUITES } from "./root.ts";

const SCOPES = [
  { scope: "system", user: "root", units: "/etc/containers/systemd", runtime: "/run/berth", options: [] },
  {
    scope: "user",
    user: "alice",
    units: "/home/alice/.config/containers/systemd",
    runtime: "/run/user/1000/berth",
    options: ["--user"],
  },
] as const;

/** A server on the loopback interface, which only the pod's other containers reach. */
const member = (number: number) => `[Container]
Pod=web.pod
Image=${sample("tools:1")}
Exec=sh -c 'echo ${number} > /dev/shm/of-${number}; echo answer ${number} > /www/index.html; trap "exit 0" TERM; httpd -p 127.0.0.1:808${number} -h /www; while :; do sleep 1; done'
`;

describe.each([...SUITES])("pods on %s", (suite) => {
  let host: Host;

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootHost({ suite });
    await startRegistry(host);
    for (const { user } of SCOPES)
      await host.ok(["berth", "pull", "--quiet", ...["tools:1", "httpd:1"].map((name) => sample(name as "tools:1"))], {
        user,
      });
    await host.ok(["chown", "-R", "alice:alice", "/home/alice"]);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  for (const { scope, user, units, runtime, options } of SCOPES) {
    describe(`in the ${scope} scope`, () => {
      const run = async (...argv: string[]) => host.ok(argv, { user });
      const systemctl = async (...words: string[]) => run("systemctl", ...options, ...words);
      const state = async (unit: string) =>
        run("systemctl", ...options, "show", "--value", "--property=ActiveState", unit);
      const install = async (files: Readonly<Record<string, string>>) => {
        await host.ok(["find", units, "-mindepth", "1", "-delete"]).catch(() => undefined);
        for (const [name, text] of Object.entries(files)) await host.write(`${units}/${name}`, text);
        await systemctl("daemon-reload");
      };
      const left = async () =>
        `${await host.sh(`find ${runtime}/pods ${runtime}/containers ${runtime}/names ${runtime}/runc -mindepth 1`)}${scope === "system" ? await leftovers(host) : ""}`;
      // An ordinary user's pod cannot have a bridge.
      const network = scope === "system" ? "PublishPort=8080:8081" : "Network=none";

      hostTest("share network, host name and /dev/shm, and have no process", async () => {
        await install({
          "web.pod": `[Pod]\n${network}\nHostName=podhost\nShmSize=1m\nVolume=shared:/shared\nAddHost=other.example:192.0.2.7\n`,
          "one.container": member(1),
          "two.container": member(2),
          "three.container": member(3),
        });
        await systemctl("start", "web-pod");
        for (const name of ["one", "two", "three"])
          await until(`${name} to be active`, async () => (await state(name)) === "active");
        expect(await systemctl("show", "--value", "--property=NFileDescriptorStore", "web-pod")).toBe(
          scope === "system" ? "4" : "5",
        );
        const inside = async (container: string, script: string) =>
          run("berth", "exec", `systemd-${container}`, "sh", "-c", script);
        await until("the servers to answer", async () =>
          (await inside("one", "for i in 1 2 3; do wget -qO- http://127.0.0.1:808$i/ || exit 0; done")).includes("3"),
        );
        for (const name of ["one", "two", "three"]) {
          expect(await inside(name, "for i in 1 2 3; do wget -qO- http://127.0.0.1:808$i/; done")).toBe(
            "answer 1\nanswer 2\nanswer 3",
          );
          expect(await inside(name, "ls /dev/shm; hostname; cat /etc/hostname")).toBe(
            "of-1\nof-2\nof-3\npodhost\npodhost",
          );
          expect(await inside(name, "cat /etc/hosts")).toContain("192.0.2.7\tother.example\n");
          expect(await inside(name, "grep ' /dev/shm ' /proc/mounts")).toContain("size=1024k");
        }
        await inside("one", "echo kept > /shared/file");
        expect(await inside("two", "cat /shared/file")).toBe("kept");
        const processes = await host.sh(
          "ps -eo comm= | grep -E '^(berth|runc|unshare|sh$|catatonit|pause)' | sort || true",
        );
        expect(processes.replaceAll(/^sh$\n?/gm, "")).toBe("");

        expect(await run("berth", "pod", "ls")).toMatch(/systemd-web +\S.* +3 +web-pod\.service$/);
        expect(JSON.parse(await run("berth", "pod", "inspect", "systemd-web"))).toMatchObject([
          { Name: "systemd-web", Unit: "web-pod.service", NumContainers: 3, Hostname: "podhost" },
        ]);

        await systemctl("stop", "web-pod");
        for (const name of ["one", "two", "three", "web-pod"]) expect(await state(name)).toBe("inactive");
        expect(await left()).toBe("");
      });
    });
  }

  hostTest("publish ports, and keep them while containers come and go", async () => {
    await host.ok(["find", "/etc/containers/systemd", "-mindepth", "1", "-delete"]);
    await host.write("/etc/containers/systemd/web.pod", "[Pod]\nPublishPort=8080:80\nExitPolicy=continue\n");
    await host.write(
      "/etc/containers/systemd/server.container",
      `[Container]\nPod=web.pod\nImage=${sample("httpd:1")}\n`,
    );
    await host.ok(["systemctl", "daemon-reload"]);
    await host.ok(["systemctl", "start", "web-pod"]);
    const get = async () => (await host.run(["curl", "-sS", "--max-time", "5", "http://127.0.0.1:8080/"])).stdout;
    await until("the server to answer", async () => (await get()).includes("httpd"));
    const address = await host.ok(["berth", "pod", "inspect", "systemd-web"]);
    await host.ok(["systemctl", "kill", "--signal=KILL", "server"]);
    await host.ok(["systemctl", "restart", "server"]);
    await until("the server to answer again", async () => (await get()).includes("httpd"));
    const { Addresses } = (JSON.parse(address) as [{ Addresses: unknown }])[0];
    expect(JSON.parse(await host.ok(["berth", "pod", "inspect", "systemd-web"]))).toMatchObject([{ Addresses }]);
    await host.ok(["systemctl", "stop", "web-pod"]);
    expect(await leftovers(host)).toBe("");
  });
});
