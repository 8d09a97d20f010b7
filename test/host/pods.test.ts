import { afterAll, beforeAll, describe, expect } from "bun:test";
import { bootWithImages } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, OCI_RUNTIME } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

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

describeOnSuites("both", "pods on %s", (suite) => {
  let host: Host;

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite);
    // A way out, which leads nowhere: pasta wants one.
    await host.sh(
      "ip link add up0 type bridge; ip addr add 203.0.113.5/24 dev up0; ip link set up0 up; ip route replace default via 203.0.113.1",
    );
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
        `${await host.sh(`find ${runtime}/pods ${runtime}/containers ${runtime}/names ${runtime}/${OCI_RUNTIME} -mindepth 1 ! -path '*/crun/.cache*'`)}${scope === "system" ? await leftovers(host) : ""}`;
      const network = "PublishPort=8089:80";
      const quiet = "Network=none";

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

      /** One that ends when it is told to by a file in the pod's /dev/shm: with the status that is in it. */
      const mortal = (name: string, service = "") => `[Container]
Pod=web.pod
Image=${sample("tools:1")}
Exec=sh -c 'echo $$$$ > /dev/shm/up-${name}; while [ ! -e /dev/shm/end-${name} ]; do sleep 0.1; done; read code < /dev/shm/end-${name}; rm -f /dev/shm/end-${name}; exit $$code'
StopSignal=KILL
[Service]
${service}`;
      const end = async (name: string, by: string, code: number) =>
        run("berth", "exec", `systemd-${by}`, "sh", "-c", `echo ${code} > /dev/shm/end-${name}`);
      const active = async (...names: string[]) => {
        for (const name of names) await until(`${name} to be active`, async () => (await state(name)) === "active");
      };

      hostTest("take a host name that is none of DNS's from their own name", async () => {
        await install({
          "a_b.pod": `[Pod]\nPodName=a_b\n${quiet}\n`,
          "one.container": `[Container]\nImage=${sample("tools:1")}\nPod=a_b.pod\nExec=sleep 1000\nStopSignal=KILL\n`,
        });
        const before = await host.ok(["hostname"]);
        await systemctl("start", "one");
        expect(await run("berth", "exec", "systemd-one", "sh", "-c", "hostname; cat /etc/hostname")).toBe("a_b\na_b");
        expect(await host.ok(["hostname"])).toBe(before);
        await systemctl("stop", "one", "a_b-pod");
        await until("nothing to be left", async () => (await left()) === "");
      });

      hostTest("end with their last container, if that is their policy", async () => {
        await install({
          "web.pod": `[Pod]\n${quiet}\n`,
          "one.container": mortal("one"),
          "two.container": mortal("two", "Restart=on-failure\nRestartSec=100ms\n"),
          "later.container": `${mortal("later")}`.replace("Pod=web.pod", "Pod=web.pod\nStartWithPod=no"),
        });
        await systemctl("start", "web-pod");
        await active("one", "two");
        expect(await state("later")).toBe("inactive");
        // One ends for good: the other and the pod stay.
        await end("one", "two", 3);
        await until("one to fail", async () => (await state("one")) === "failed");
        // The other's failure is its own Restart='s to answer.
        const pid = await systemctl("show", "--value", "--property=MainPID", "two");
        await end("two", "two", 4);
        await until("two to be another process", async () => {
          const now = await systemctl("show", "--value", "--property=MainPID", "two");
          return now !== pid && now !== "0";
        });
        await active("two", "web-pod");
        await end("two", "two", 0);
        await until("the pod to end", async () => (await state("web-pod")) === "inactive");
        expect(await systemctl("show", "--value", "--property=Result", "web-pod")).toBe("success");
        expect(await left()).toBe("");
      });

      hostTest("stay without a container, if that is their policy, and restart those that run", async () => {
        await install({
          "web.pod": `[Pod]\n${quiet}\nExitPolicy=continue\n`,
          "one.container": mortal("one"),
          "two.container": mortal("two"),
        });
        await systemctl("start", "web-pod");
        await active("one", "two");
        const before = await systemctl("show", "--value", "--property=MainPID", "one", "two");
        await systemctl("restart", "web-pod");
        await active("one", "two");
        const after = await systemctl("show", "--value", "--property=MainPID", "one", "two");
        expect(after.split("\n").filter((pid) => before.includes(pid) && pid !== "")).toEqual([]);
        // What systemd has kept over the restart is of no use to anybody.
        expect(await systemctl("show", "--value", "--property=NFileDescriptorStore", "web-pod")).toBe(
          scope === "system" ? "4" : "5",
        );
        await systemctl("stop", "one", "two");
        expect(await state("web-pod")).toBe("active");
        expect(await run("berth", "pod", "ls", "--quiet")).toBe("systemd-web");
        await run("berth", "pod", "stop", "web");
        expect(await state("web-pod")).toBe("inactive");
        expect(await left()).toBe("");
      });

      hostTest("leave nothing behind, whatever is killed", async () => {
        await install({
          "web.pod": `[Pod]\n${network}\n`,
          "one.container": mortal("one"),
          "two.container": mortal("two"),
        });
        await systemctl("start", "web-pod");
        await active("one", "two");
        await systemctl("kill", "--signal=KILL", "one", "two");
        await until("the pod to end", async () => (await state("web-pod")) === "inactive");
        expect(await left()).toBe("");
        // While it is being made: systemd's own command after a failure takes away what there is.
        let killed = 0;
        for (const delay of ["0", "0.02", "0.04", "0.08", "0.12"]) {
          // Looked for where it runs: from outside, a moment is missed. On a busy machine it may have ended all the
          // same.
          const said = await run(
            "bash",
            "-euc",
            `systemctl ${options.join(" ")} start --no-block web-pod
            for _ in $(seq 500); do
              eval "$(systemctl ${options.join(" ")} show --property=ControlPID,ActiveState web-pod)"
              if [ $ControlPID != 0 ]; then
                sleep ${delay}
                ! kill -9 $ControlPID || echo killed
                break
              fi
              case $ActiveState in active | failed) break ;; esac
            done`,
          );
          if (said === "killed") killed++;
          await until("the pod to be settled", async () => ["active", "failed"].includes(await state("web-pod")));
          await systemctl("stop", "web-pod", "one", "two");
          await run("systemctl", ...options, "reset-failed");
          expect(await left()).toBe("");
        }
        expect(killed).toBeGreaterThan(0);
      });

      hostTest("are cleared away when even the clearing away was killed", async () => {
        await install({ "web.pod": `[Pod]\n${network}\n` });
        await host.write(`${units}/web.pod.d/slow.conf`, "[Service]\nExecStopPost=sleep 1000\n");
        await systemctl("daemon-reload");
        await systemctl("start", "web-pod");
        await run("systemctl", ...options, "stop", "--no-block", "web-pod");
        await until("the last command", async () => {
          const sub = await systemctl("show", "--value", "--property=SubState", "web-pod");
          return sub === "stop-post";
        });
        await until("the pod to end", async () => {
          await run("systemctl", ...options, "kill", "--signal=KILL", "web-pod");
          return (await state("web-pod")) === "failed";
        });
        await run("berth", "cleanup", "--stale");
        expect(await left()).toBe("");
        await run("systemctl", ...options, "reset-failed");
      });

      hostTest("come as templates, an instance each", async () => {
        await install({
          "web@.pod": `[Pod]\n${quiet}\nHostName=host-%i\n`,
          "app@.container": mortal("app").replace("web.pod", "web@.pod"),
        });
        await systemctl("start", "web-pod@red", "web-pod@blue");
        await active("app@red", "app@blue");
        expect(await run("berth", "exec", "systemd-app_red", "hostname")).toBe("host-red");
        expect((await run("berth", "pod", "ls", "--quiet")).split("\n")).toEqual([
          "systemd-web-blue",
          "systemd-web-red",
        ]);
        await systemctl("stop", "app@red");
        await until("the one pod to end", async () => (await state("web-pod@red")) === "inactive");
        expect(await state("app@blue")).toBe("active");
        await systemctl("stop", "web-pod@blue");
        expect(await state("app@blue")).toMatch(/inactive|failed/);
        expect(await left()).toBe("");
      });

      hostTest("publish ports, and keep them while containers come and go", async () => {
        await install({
          "web.pod": "[Pod]\nPublishPort=8089:80\nExitPolicy=continue\n",
          "server.container": `[Container]\nPod=web.pod\nImage=${sample("httpd:1")}\n`,
        });
        await systemctl("start", "web-pod");
        const answers = () =>
          until("the server to answer", async () => {
            const { stdout } = await host.run(["curl", "-sS", "--max-time", "5", "http://127.0.0.1:8089/"]);
            return stdout.includes("hello from httpd");
          });
        await answers();
        expect(await run("berth", "ps")).toContain("0.0.0.0:8089->80/tcp");
        const pod = async () => (JSON.parse(await run("berth", "pod", "inspect", "systemd-web")) as object[])[0];
        const before = (await pod()) as { Addresses: object; Namespaces: object };
        expect(before.Addresses).not.toEqual({});
        await systemctl("kill", "--signal=KILL", "server");
        await systemctl("restart", "server");
        await answers();
        expect(await pod()).toMatchObject({ Addresses: before.Addresses, Namespaces: before.Namespaces });
        if (scope === "user") {
          // Without pasta there is no network: the pod fails and says so, and all of it is started anew.
          const main = await systemctl("show", "--value", "--property=MainPID", "web-pod");
          expect(await host.sh(`cat /proc/${main}/comm`)).toMatch(/^pas(ta|st)/);
          const server = await systemctl("show", "--value", "--property=MainPID", "server");
          await host.sh(`kill -9 ${main}`);
          await until("the server to be another", async () => {
            const now = await systemctl("show", "--value", "--property=MainPID", "server");
            return now !== server && now !== "0";
          });
          await active("web-pod", "server");
          await answers();
          expect(await host.sh("journalctl --sync; journalctl -q -o cat USER_UNIT=web-pod.service")).toContain(
            "web-pod.service: Failed with result 'signal'.",
          );
        }
        await systemctl("stop", "web-pod");
        expect(await left()).toBe("");
        expect(await host.sh("pgrep -l '^pas(ta|st)' || true")).toBe("");
      });

      hostTest("have a user namespace that all containers are in", async () => {
        const spec = scope === "system" ? "UIDMap=0:200000:5000" : "UserNS=keep-id";
        await install({
          "web.pod": `[Pod]\nHostName=mapped\n${spec}\n`,
          "one.container": mortal("one"),
          "two.container": `${mortal("two")}`.replace("[Service]", "User=app\n[Service]"),
        });
        await systemctl("start", "web-pod");
        await active("one", "two");
        const inside = async (container: string, script: string) =>
          run("berth", "exec", `systemd-${container}`, "sh", "-c", script);
        const pids = await systemctl("show", "--value", "--property=MainPID", "one", "two");
        const [one = "", two = ""] = pids.split("\n").filter((line) => line !== "");
        expect(await host.sh(`readlink /proc/${one}/ns/user; readlink /proc/${two}/ns/user | uniq`)).toMatch(
          /^(user:\[\d+\])\n\1$/,
        );
        expect(await host.ok(["awk", "{ print $1, $2, $3 }", `/proc/${one}/uid_map`])).toStartWith(
          scope === "system" ? "0 200000 5000" : "0 100000 1000\n1000 1000 1\n1001 101000",
        );
        expect(await inside("one", "hostname; stat -c '%U %a' /dev/shm; ls /dev/shm | sort")).toBe(
          "mapped\nroot 1777\nup-one\nup-two",
        );
        expect(await inside("two", "id -u; stat -c %U /dev/shm/up-two /etc/hosts")).toBe("1000\napp\nroot");
        await systemctl("stop", "web-pod");
        expect(await left()).toBe("");
      });

      hostTest("share a PID namespace if they are asked to, whose first process is the pod's", async () => {
        await install({
          // A user's with pasta, which is its main process then.
          "web.pod": `[Pod]\n${scope === "user" ? "" : quiet}\nPodmanArgs=--share +pid\nExitPolicy=continue\n`,
          // One whose child outlives its parent, and one that ends as it is told to.
          "one.container": `${mortal("one")}`.replace("Exec=sh -c '", "Exec=sh -c '(sleep 4321 &); "),
          "two.container": `[Container]
Pod=web.pod
Image=${sample("tools:1")}
Exec=sh -c 'trap "exit 7" TERM; touch /dev/shm/up-two; while :; do sleep 0.1; done'
[Service]
Restart=no
`,
        });
        await systemctl("start", "web-pod");
        await active("one", "two");
        const inside = async (container: string, script: string) =>
          run("berth", "exec", `systemd-${container}`, "sh", "-c", script);
        const pid = async (unit: string) => systemctl("show", "--value", "--property=MainPID", unit);
        const init = await host.sh("pgrep -x catatonit");
        if (scope === "system") expect(await pid("web-pod")).toBe(init);
        expect(await host.sh(`cat /proc/${init}/comm; readlink /proc/${init}/exe`)).toBe("catatonit\n/catatonit");
        // It can do nothing, and has nothing of the host's.
        expect(await host.sh(`grep -E '^(Cap(Prm|Bnd)|NoNewPrivs|Seccomp):' /proc/${init}/status`)).toBe(
          "CapPrm:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2",
        );
        expect(await host.sh(`ls /proc/${init}/root/`)).toBe("catatonit\ndev\nproc");
        await until("two to be up", async () => (await inside("one", "ls /dev/shm")).includes("up-two"));
        for (const name of ["one", "two"]) {
          const seen = await inside(name, "ps -o pid,ppid,args");
          expect(seen).toMatch(/^ +1 +0 +\/catatonit -P$/m);
          expect(seen).toMatch(/^ +\d+ +0 .*end-one/m);
          expect(seen).toMatch(/^ +\d+ +0 .*up-two/m);
          expect(seen).toMatch(/^ +\d+ +1 +sleep 4321$/m);
          // Each is its service's main process, and a child of systemd's.
          const main = await pid(name);
          expect(await host.sh(`ps -o ppid= -p ${main} | xargs ps -o comm= -p`)).toBe("systemd");
          expect(await host.sh(`readlink /proc/${main}/ns/pid`)).toBe(await host.sh(`readlink /proc/${init}/ns/pid`));
        }
        expect(JSON.parse(await run("berth", "pod", "inspect", "systemd-web"))).toMatchObject([
          { SharedNamespaces: ["ipc", "net", "pid", "uts"] },
        ]);
        await systemctl("stop", "two");
        expect(await systemctl("show", "--value", "--property=ExecMainStatus", "two")).toBe("7");
        await systemctl("stop", "one");
        expect(await host.sh("pgrep -f '[s]leep 4321' || true")).toBe("");
        expect(await state("web-pod")).toBe("active");

        await systemctl("start", "one", "two");
        const before = await pid("one");
        await host.sh(`kill -9 ${init}`);
        // The kernel ends all of the namespace, and systemd starts all of it anew.
        await until(
          "the pod to be another",
          async () => !["", init].includes(await host.sh("pgrep -x catatonit || true")),
        );
        await until("one to be another", async () => !["0", before].includes(await pid("one")));
        await active("web-pod", "one", "two");
        expect(
          await host.sh(
            `journalctl --sync; journalctl -q -o cat ${scope === "user" ? "USER_UNIT" : "UNIT"}=web-pod.service | grep killed`,
          ),
        ).toContain("web-pod.service: Main process exited, code=killed, status=9/KILL");
        expect(await inside("one", "ps -o args")).toContain("up-two");
        await systemctl("stop", "web-pod");
        // While the process is being made.
        for (const delay of ["0.02", "0.05", "0.08"]) {
          // As often as it likes.
          await run("systemctl", ...options, "reset-failed");
          await run("systemctl", ...options, "start", "--no-block", "web-pod");
          const main = await until("its command", async () => {
            const at = await pid("web-pod");
            return at === "0" ? undefined : at;
          });
          await host.sh(`sleep ${delay}; kill -9 ${main} || true`);
          await until("the pod to be settled", async () => ["active", "failed"].includes(await state("web-pod")));
          await systemctl("stop", "web-pod", "one", "two");
          expect(await left()).toBe("");
        }
        await run("systemctl", ...options, "reset-failed");
        expect(await left()).toBe("");
        expect(await host.sh("pgrep -l catatonit || true")).toBe("");
      });

      hostTest("share less if they are asked to", async () => {
        const own = (name: string) => `${mortal(name)}`.replace("[Service]", `HostName=host-${name}\n[Service]`);
        await install({
          "web.pod": "[Pod]\nPodmanArgs=--share ipc\nShmSize=1m\n",
          "one.container": own("one"),
          "two.container": own("two"),
          "web2.pod": "[Pod]\nPodmanArgs=--share none\n",
          "server.container": `[Container]\nPod=web2.pod\nImage=${sample("httpd:1")}\nPublishPort=8089:80\nShmSize=2m\n`,
        });
        await systemctl("start", "web-pod", "web2-pod");
        await active("one", "two", "server");
        const inside = async (container: string, script: string) =>
          run("berth", "exec", `systemd-${container}`, "sh", "-c", script);
        await until("the files of both", async () => (await inside("one", "ls /dev/shm")) === "up-one\nup-two");
        for (const name of ["one", "two"])
          expect(await inside(name, "hostname; cat /etc/hostname")).toBe(`host-${name}\nhost-${name}`);
        const pids = await systemctl("show", "--value", "--property=MainPID", "one", "two");
        const namespaces = await host.sh(
          `for pid in ${pids.replaceAll("\n", " ")}; do readlink /proc/$pid/ns/net; done`,
        );
        expect(new Set(namespaces.split("\n")).size).toBe(2);
        await until("the server to answer", async () => {
          const { stdout } = await host.run(["curl", "-sS", "--max-time", "5", "http://127.0.0.1:8089/"]);
          return stdout.includes("hello from httpd");
        });
        expect(await inside("server", "grep -o '/dev/shm .*size=[0-9]*k' /proc/mounts")).toContain("size=2048k");
        await systemctl("stop", "web-pod", "web2-pod");
        expect(await left()).toBe("");
      });

      hostTest("fail with a reason that the start of a container tells, too", async () => {
        await install({ "web.pod": "[Pod]\nNetwork=nowhere\n", "one.container": mortal("one") });
        const { stderr, exitCode } = await host.run(["berth", "start", "one"], { user });
        // What a user's services have just written, nobody can have brought to the journal.
        if (scope === "system") expect(stderr).toMatch(/^ {2}berth: error: .*nowhere/);
        expect(stderr).toContain("berth: error: start one.service: dependency web-pod.service (see journalctl ");
        expect(exitCode).toBe(1);
        const why = "web-pod.service, which this needs, does not start: there is no network nowhere";
        await until("the container's status to tell", async () => (await host.statusOf("one", { user })).includes(why));
        // It was needed to look for the network.
        if (scope === "user") await systemctl("stop", "berth-networks.target");
        await run("systemctl", ...options, "reset-failed");
        expect(await run("berth", "pod", "ls", "--quiet")).toBe("");
      });

      hostTest("take containers that are run by hand", async () => {
        await install({ "web.pod": `[Pod]\n${quiet}\nHostName=byhand\n` });
        await systemctl("start", "web-pod");
        const image = sample("tools:1");
        const shell = await host.login(user, [
          "berth",
          "run",
          "--pod",
          "systemd-web",
          "--entrypoint",
          "hostname",
          image,
        ]);
        // A session has not got what a user's manager has since systemd 254, unless it is at the machine itself.
        if (scope === "user" && suite === "trixie")
          expect(shell).toMatchObject({
            stderr:
              "berth: error: pod systemd-web cannot be joined from here, as systemd shows only services what it keeps for it: run the container in the background (berth run -d), or as a service (Pod= in a .container file)\n",
            exitCode: 125,
          });
        else expect(shell).toEqual({ stdout: "byhand\n", stderr: "", exitCode: 0 });
        expect(await state("web-pod")).toBe("active");
        await run("berth", "run", "-d", "--name", "hand", "--pod", "systemd-web", image, "sleep", "1000");
        expect(await run("berth", "exec", "hand", "hostname")).toBe("byhand");
        expect(await run("berth", "pod", "ls")).toMatch(/ 1 +web-pod\.service$/);
        const wrong = await host.run(["berth", "run", "--pod", "nowhere", image], { user });
        expect([wrong.exitCode, wrong.stderr]).toEqual([125, "berth: error: no pod nowhere is running\n"]);
        const none = await host.run(["berth", "pod", "rm", "nowhere"], { user });
        expect(none).toEqual({ stdout: "", stderr: "berth: error: no pod and no service nowhere\n", exitCode: 1 });
        expect(await run("berth", "pod", "rm", "--force", "nowhere")).toBe("");
        await run("systemctl", ...options, "kill", "--signal=KILL", "berth-hand");
        await until("the pod to end with its last container", async () => (await state("web-pod")) === "inactive");
        expect(await left()).toBe("");
        // A pod that does not run has no record; its name is still the one that it had.
        expect(await run("berth", "pod", "start", "systemd-web")).toBe("systemd-web");
        expect(await state("web-pod")).toBe("active");
        // The name of one that failed when the pod was stopped can be used again; the pod is found by its file's name.
        const script = 'trap "exit 1" TERM; echo up; while :; do sleep 0.1; done';
        await run("berth", "run", "-d", "--name", "hand", "--pod", "web", image, "sh", "-c", script);
        await until("the container to be up", async () => (await run("berth", "logs", "hand")).endsWith("up"));
        expect(await run("berth", "pod", "inspect", "web", "--format", "{{.Name}} {{len .Containers}}")).toBe(
          "systemd-web 1",
        );
        expect((await host.run(["berth", "pod", "exists", "web"], { user })).exitCode).toBe(0);
        await run("berth", "pod", "stop", "web");
        expect((await host.run(["berth", "pod", "exists", "web"], { user })).exitCode).toBe(1);
        await run(
          "berth",
          "run",
          "-d",
          "--name",
          "hand",
          "--network=none",
          "--stop-signal=KILL",
          image,
          "sleep",
          "1000",
        );
        await run("berth", "stop", "hand");
        expect(await left()).toBe("");
      });
    });
  }

  hostTest("have limits in a slice that all containers are in, and fixed places in networks", async () => {
    await host.ok(["find", "/etc/containers/systemd", "-mindepth", "1", "-delete"]);
    const write = (name: string, text: string) => host.write(`/etc/containers/systemd/${name}`, text);
    await host.write("/etc/systemd/system/limited.slice", "[Slice]\nMemoryMax=200M\n");
    await write("front.network", "[Network]\nSubnet=10.99.0.0/24\n");
    const pod = "[Pod]\nNetwork=front.network\nIP=10.99.0.77\nNetworkAlias=shop\nDNSSearch=shop.example\n";
    await write("web.pod", `${pod}[Service]\nSlice=limited.slice\n`);
    const container = `[Container]\nImage=${sample("tools:1")}\nExec=sleep 1000\nStopSignal=KILL\n`;
    await write("in.container", `${container}Pod=web.pod\n`);
    await write("own.container", `${container}Pod=web.pod\n[Service]\nSlice=system.slice\n`);
    await write("other.container", `${container}Network=front.network\n`);
    await host.ok(["systemctl", "daemon-reload"]);
    await host.ok(["systemctl", "start", "web-pod", "in", "own", "other"]);
    const slice = async (unit: string) => host.ok(["systemctl", "show", "--value", "--property=ControlGroup", unit]);
    expect(await slice("in")).toBe("/limited.slice/in.service");
    expect(await slice("own")).toBe("/system.slice/own.service");
    const inside = async (name: string, script: string) => host.ok(["berth", "exec", name, "sh", "-c", script]);
    expect(await inside("systemd-in", "ip -4 addr show eth0")).toContain("inet 10.99.0.77/24");
    expect(await inside("systemd-in", "cat /etc/resolv.conf")).toContain("search shop.example");
    // The other container finds the pod by its name and its alias.
    for (const name of ["systemd-web", "shop"])
      expect(await inside("systemd-other", `nslookup ${name}.dns.podman`)).toContain("10.99.0.77");
    await host.ok(["systemctl", "stop", "web-pod", "other", "front-network"]);
    expect(await leftovers(host)).toBe("");
  });
});
