import { planStart } from "../../src/runtime/container/plan.ts";
import { nothingMade, type Start } from "../../src/runtime/container/start.ts";
import { ociRuntime } from "../../src/runtime/oci-runtime/choice.ts";
import { createNotifier } from "../../src/runtime/systemd/notify.ts";
import type { Scope } from "../../src/scope.ts";
import { containerPaths } from "../../src/state/paths.ts";
import { identify } from "../../src/system/process-identity.ts";
import { REQUEST, STORED_IMAGE } from "./request.ts";

export const ID = "0123456789abcdef0123456789abcdef";

/** A start of an image without layers, of which nothing has been made. Its unit has a cgroup that does not exist. */
export function startOf(scope: Scope, request: Partial<Start["request"]>, given: Partial<Start> = {}): Start {
  const wanted = { ...REQUEST, ...request };
  const image = { ...STORED_IMAGE, layers: [] };
  const plan = planStart(wanted, image, {
    id: ID,
    runtime: "runc",
    scope: scope.kind,
    launcher: identify(process.pid) ?? { pid: process.pid, startTime: "0" },
    created: "2024-01-01T00:00:00.000Z",
    unitCgroup: "/no-such.slice/app.service",
    hostHostname: "machine",
    pod: undefined,
    otherImages: new Map(),
  });
  return {
    context: { scope, env: {}, program: "/bin/berth", inUserNamespace: false },
    notifier: createNotifier(undefined),
    runtime: ociRuntime(scope, "runc"),
    request: wanted,
    image,
    plan,
    paths: containerPaths(scope, ID),
    pod: undefined,
    ...nothingMade(),
    ...given,
  };
}
