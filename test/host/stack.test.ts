import { afterAll, beforeAll, describe, expect } from "bun:test";
import { bootHost, type Host, until } from "./host.ts";
import { hostLaneMisses, hostTest, suitesHere } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { startRegistry } from "./registry.ts";
import { installStack, stackData } from "./stack/stack.ts";

const SCOPES: readonly ("system" | "user")[] = ["system", "user"];
const MACHINES = suitesHere("both").flatMap((suite) => SCOPES.map((scope) => ({ suite, scope })));

/** An address of the host that containers have to have a way out for. */
const OUTSIDE = "192.0.2.1";

describe.each(MACHINES)("a real stack on $suite, in the $scope's scope", ({ suite, scope }) => {
  let host: Host;
  const as = scope === "user" ? ({ user: "alice" } as const) : {};
  const systemctl = (...words: string[]) =>
    host.ok(["systemctl", ...(scope === "user" ? ["--user"] : []), ...words], { ...as, timeout: 180_000 });
  // Once more where nginx answers that the application does not listen yet: a pod does not wait for its containers.
  const get = async (path: string) =>
    (await host.run(["curl", "-sSf", "-m", "60", "--retry", "5", `http://127.0.0.1:8080${path}`])).stdout;
  const inside = (container: string, ...words: string[]) => host.run(["berth", "exec", container, ...words], as);

  /** What a name means in a container; the dot at its end keeps the search list out of it. */
  const lookUp = async (container: string, name: string) => {
    const { stdout } = await inside(container, "busybox", "nslookup", `${name}.`);
    return /Name:.*\nAddress(?: 1)?: *(10\.[\d.]+)/.exec(stdout)?.[1];
  };

  /** Runs a command of the host in the network of a container. */
  const inNetworkOf = async (container: string, ...words: string[]) => {
    const [{ State }] = JSON.parse(await host.ok(["berth", "inspect", container], as));
    return host.run(["nsenter", "--net", "--target", String(State.Pid), "--", ...words]);
  };

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    const data = await stackData();
    host = await bootHost({ suite, storage: "disk" });
    await startRegistry(host, data);
    await host.sh(`
      ip link add uplink type bridge; ip address add 198.51.100.2/24 dev uplink; ip link set uplink up
      ip route add default via 198.51.100.1
      ip link add outside type bridge; ip address add ${OUTSIDE}/24 dev outside; ip link set outside up
      mkdir /srv/outside; echo outside > /srv/outside/index.html
      systemd-run --quiet busybox httpd -f -p ${OUTSIDE}:80 -h /srv/outside`);
    await installStack(host, scope);
    await systemctl("daemon-reload");
  }, 600_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("comes up with its target, from images that units of their own pull", async () => {
    await systemctl("start", "stack.target");
    expect(await systemctl("is-active", "db-image", "app-image", "redis-image", "db-volume", "back-network")).toBe(
      Array(5).fill("active").join("\n"),
    );
    await systemctl("is-active", "db", "db-ready", "app-pod");
    await until("the pod's containers", async () => {
      const states = await host.run(
        ["systemctl", ...(scope === "user" ? ["--user"] : []), "is-active", "app", "redis"],
        as,
      );
      return states.stdout === "active\nactive\n";
    });
    // nginx waits for the first visitor.
    expect(await systemctl("show", "--value", "--property=ActiveState", "front")).toBe("inactive");
  });

  hostTest("answers through nginx, the application, Redis and PostgreSQL", async () => {
    expect(await get("/")).toBe("redis=1 postgres=1\n");
    expect(await get("/")).toBe("redis=2 postgres=2\n");
    expect(await systemctl("is-active", "front")).toBe("active");
    // The pod publishes a port of its own.
    expect(await host.ok(["curl", "-sS", "-m", "60", "http://127.0.0.1:8081/connect/db/5432"])).toBe("connected");
  });

  hostTest("names resolve on the networks that a container is on, and nowhere else", async () => {
    expect(await lookUp("app", "db")).toBeDefined();
    expect(await lookUp("front", "app")).toBeDefined();
    expect(await lookUp("front", "db")).toBeUndefined();
  });

  hostTest("the internal network has no way out, the other one has", async () => {
    const outside = (container: string) => inNetworkOf(container, "curl", "-sS", "-m", "3", `http://${OUTSIDE}/`);
    expect(await outside("front")).toMatchObject({ stdout: "outside\n", exitCode: 0 });
    expect((await outside("db")).exitCode).not.toBe(0);
    // From the outer network the database is out of reach.
    const address = await lookUp("app", "db");
    const reach = ["timeout", "2", "bash", "-c", `: < /dev/tcp/${address}/5432`];
    expect((await inNetworkOf("front", ...reach)).exitCode).not.toBe(0);
    expect((await inNetworkOf("systemd-app", ...reach)).exitCode).toBe(0);
    expect(await get(`/connect/${address}/5432`)).toBe("connected\n");
  });

  hostTest("what was written down outlives a restart of everything", async () => {
    await systemctl("restart", "stack.target");
    expect(await get("/")).toBe("redis=1 postgres=3\n");
  });

  hostTest("stops with its target, and leaves nothing but images, networks and the volume", async () => {
    await systemctl("stop", "stack.target");
    for (const unit of ["front", "app", "redis", "db", "app-pod"]) {
      await until(
        `${unit} to be gone`,
        async () => (await systemctl("show", "--value", "--property=ActiveState", unit)) === "inactive",
      );
    }
    // A user's bridges are in a namespace that all of the user's containers share, for as long as they like.
    if (scope === "user") await systemctl("stop", "berth-networks.target");
    await until("nothing to be left", async () => (await leftovers(host)) === "");
    const runtimeDir = scope === "user" ? "/run/user/1000/berth" : "/run/berth";
    expect(
      await host.sh(
        `find ${runtimeDir}/containers ${runtimeDir}/pods ${runtimeDir}/names -mindepth 1 2> /dev/null || true`,
      ),
    ).toBe("");
    expect(await host.ok(["berth", "volume", "ls", "--quiet"], as)).toBe("stack-db");
  });
});
