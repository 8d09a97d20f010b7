import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRequest } from "../../../src/options/requests/run-request.ts";
import { startPayload } from "../../../src/runtime/container/payload.ts";
import type { Start } from "../../../src/runtime/container/start.ts";
import { RuntimeError } from "../../../src/runtime/error.ts";
import { payloadFile } from "../../../src/runtime/mount/payload-files.ts";
import type { NetworkSettings } from "../../../src/runtime/network/container-network.ts";
import type { OciRuntime } from "../../../src/runtime/oci-runtime/oci-runtime.ts";
import { createNotifier } from "../../../src/runtime/systemd/notify.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { readRecord } from "../../../src/state/container-record.ts";
import { containerPaths } from "../../../src/state/paths.ts";
import { ID, startOf } from "../start.ts";

const PORTS: RunRequest["ports"] = [{ hostIp: "", hostPort: 8080, containerPort: 80, range: 1, protocol: "tcp" }];
const SYSCTLS = { "net.ipv4.conf.eth0.forwarding": "1" };

let root: string;
let scope: Scope;
/** What the parts of a start do, in order. */
let done: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-payload-"));
  scope = systemScope(root);
  done = [];
  // Where the bundle's own file system would be mounted.
  mkdirSync(payloadFile(containerPaths(scope, ID).bundle, "."), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** An OCI runtime that makes nothing; creating takes longer than finishing a network, on a busy machine too. */
function runtime(failure?: RuntimeError): OciRuntime {
  const unused = () => {
    throw new Error("not expected");
  };
  return {
    traits: { needsMapsOfJoinedNamespace: true, pipesOutput: true, scopeAnnotations: {} },
    async create() {
      done.push("create");
      await Bun.sleep(50);
      if (failure !== undefined) throw failure;
      done.push("created");
      return 42;
    },
    start: (id, pid) => void done.push(`start ${id === ID} ${pid}`),
    becomeRun(): never {
      done.push("become run");
      // In place of a process that has become another.
      throw new Error("this process is another now");
    },
    becomeExec: unused,
    delete: unused,
    forget: unused,
  };
}

/** A network whose settings are known before or after it is finished. */
function network(known: "before" | "after", failure?: RuntimeError): Start["network"] {
  const nothing = { nameServers: [], searchDomains: [], resolvers: [] };
  const view: NetworkSettings["view"] = { addresses: ["10.0.0.2"], gateway: "10.0.0.1", ...nothing };
  const settings: NetworkSettings = { addresses: { berth: ["10.0.0.2"] }, view, ports: PORTS };
  return {
    path: "/proc/1/fd/9",
    fd: undefined,
    settings: known === "before" ? settings : undefined,
    joinable: async () => void done.push("joinable"),
    async finish() {
      done.push("finish");
      await Bun.sleep(1);
      if (failure !== undefined) throw failure;
      done.push("finished");
      return known === "after" ? settings : undefined;
    },
    settle: async () => undefined,
  };
}

function start(request: Partial<RunRequest>, given: Partial<Start>): Start {
  const notifier: Start["notifier"] = {
    ...createNotifier(undefined),
    payload: (pid, ready) => void done.push(`notify ${pid} ${ready}`),
  };
  return startOf(scope, request, { notifier, runtime: runtime(), ...given });
}

describe("a detached payload", () => {
  test("is created while its network is being finished, and started once systemd is notified", async () => {
    await startPayload(start({}, { network: network("before") }));
    expect(done).toEqual(["joinable", "create", "finish", "finished", "created", "notify 42 true", "start true 42"]);
  });

  test("is created in a finished network for sysctls of its interfaces", async () => {
    await startPayload(start({ sysctls: SYSCTLS }, { network: network("before") }));
    expect(done.slice(0, 4)).toEqual(["joinable", "finish", "finished", "create"]);
  });

  test("needs no network", async () => {
    await startPayload(start({ network: { mode: "none" } }, {}));
    expect(done).toEqual(["create", "created", "notify 42 true", "start true 42"]);
    expect(readRecord(scope, ID)).toBeUndefined();
  });

  test("may notify systemd itself that it is ready", async () => {
    await startPayload(start({ sdnotify: "container" }, {}));
    expect(done).toContain("notify 42 false");
  });

  test("is not started if the network fails, but waited for until it is created", async () => {
    const failure = new RuntimeError("network", "no bridge");
    const failing = startPayload(start({}, { network: network("before", failure) }));
    await expect(failing).rejects.toBe(failure);
    expect(done).toEqual(["joinable", "create", "finish", "created"]);
  });

  test("is not started if it cannot be created, and the network is waited for", async () => {
    const failure = new RuntimeError("command-not-found", "nosuch");
    const failing = startPayload(start({}, { runtime: runtime(failure), network: network("before") }));
    await expect(failing).rejects.toBe(failure);
    expect(done).toEqual(["joinable", "create", "finish", "finished"]);
  });
});

describe("the record", () => {
  test.each(["before", "after"] as const)("has addresses and ports that are known %s the network", async (known) => {
    await startPayload(start({}, { network: network(known) }));
    expect(readRecord(scope, ID)).toMatchObject({ addresses: { berth: ["10.0.0.2"] }, ports: PORTS });
  });

  test("comes with the files in /etc only if they say something new", async () => {
    const { bundle } = containerPaths(scope, ID);
    const hosts = payloadFile(bundle, "hosts");
    await startPayload(start({ dns: ["none"] }, { network: network("before") }));
    expect(existsSync(hosts)).toBe(false);
    await startPayload(start({ dns: ["none"] }, { network: network("after") }));
    expect(readFileSync(hosts, "utf8")).toContain("10.0.0.2");
    expect(readFileSync(join(bundle, "hosts"), "utf8")).toBe(readFileSync(hosts, "utf8"));
  });
});

test("in the foreground this process becomes the OCI runtime once the network is finished", async () => {
  const becoming = startPayload(start({ detach: false }, { network: network("before") }));
  await expect(becoming).rejects.toThrow("this process is another now");
  expect(done).toEqual(["joinable", "finish", "finished", "become run"]);
});
