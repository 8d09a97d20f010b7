import { mkdirSync, readFileSync } from "node:fs";
import type { DiffId } from "../../image/document/digest.ts";
import { openLayers } from "../../image/layer/layer-store.ts";
import { writeRecord } from "../../state/container-record.ts";
import { withStateLock } from "../../state/lock.ts";
import { noteUnit } from "../../state/running-units.ts";
import { setPlainUmask } from "../../system/files.ts";
import { openContainerNetwork } from "../network/container-network.ts";
import { leaveUnitCgroup } from "../oci-runtime/container-cgroup.ts";
import type { Step } from "../steps.ts";
import { writeBundle } from "./bundle.ts";
import { cleanUp } from "./cleanup.ts";
import { takeName } from "./container-name.ts";
import { cleanUpPublishers } from "./dead-publishers.ts";
import { joinNetwork } from "./joined-network.ts";
import { resolveLoginuid, sealLoginuid, takeCaller } from "./loginuid.ts";
import { startPayload } from "./payload.ts";
import type { Start } from "./start.ts";

/** Sets the launcher's umask and cgroup; both end with this process. */
const prepareProcess: Step<Start> = {
  name: "prepare-process",
  make({ plan }) {
    // The payload's user has to read what the launcher makes, whatever UMask= the unit has.
    setPlainUmask();
    leaveUnitCgroup(plan.cgroup);
  },
};

/**
 * Makes the bundle and the record, by which cleanup finds all the rest. For a unit its ExecStopPost= cleans up, however
 * this process ends.
 */
const claim: Step<Start> = {
  name: "claim",
  make(start) {
    const { context, plan, paths, image } = start;
    const { scope } = context;
    // Two others take this lock. Removal of images keeps the layers of a record once that exists, and cleanup of stale
    // containers knows by it that a bundle without a record has no launcher any more.
    withStateLock(scope.stateDir, "shared", () => {
      mkdirSync(paths.bundle, { recursive: true, mode: 0o700 });
      writeRecord(scope, plan.record);
      if (plan.unit !== undefined) noteUnit(scope, plan.unit.name, plan.unit.runs);
      const stored = openLayers(scope.stateDir);
      const directories = (of: readonly DiffId[]) => stored.lower(of);
      start.layers = directories(image.layers);
      start.images = new Map([...plan.otherImages].map(([name, diffIds]) => [name, directories(diffIds)]));
    });
  },
  async undo({ context, plan }) {
    if (plan.unit === undefined) await cleanUp(context.scope, plan.id);
  },
};

const claimName: Step<Start> = {
  name: "claim-name",
  async make({ context, plan, request, pod }) {
    await takeName(context.scope, plan.name, plan.id, request, plan.record.caller);
    if (request.ports.length > 0) await cleanUpPublishers(context.scope, request.ports, plan.id);
    pod?.announce(plan.name);
  },
};

/** A user namespace costs a child process and code to load, so both come only if the plan has one. */
const openUserNamespace: Step<Start> = {
  name: "open-user-namespace",
  async make(start) {
    const { context, plan, request, layers } = start;
    if (plan.userNamespace === undefined) return;
    const { openContainerNamespace } = await import("../user-namespace/container-namespace.ts");
    const { withNetwork } = plan.userNamespace;
    start.namespace = openContainerNamespace(request, { scope: context.scope, id: plan.id, layers, withNetwork });
  },
};

/** Begins to connect the container's network; the last step waits until it is finished. */
const openNetwork: Step<Start> = {
  name: "open-network",
  make(start) {
    const { context, plan, request, paths, namespace } = start;
    const { scope, inUserNamespace } = context;
    start.joined = joinNetwork(scope, request.network);
    start.network = openContainerNetwork(request, {
      scope,
      inUserNamespace,
      id: plan.id,
      name: plan.name,
      namespace,
      pin: paths.networkNamespace,
      atOnce: namespace === undefined && plan.mountsAtOnce,
    });
  },
  // A network that is still being made cannot be removed.
  undo: async ({ network }) => network?.settle(),
};

const makeBundle: Step<Start> = {
  name: "make-bundle",
  async make(start) {
    const mapper = start.plan.mapsMountIds ? (await import("../mount/id-mapped-source.ts")).idMapper : undefined;
    start.sockets = writeBundle(start, mapper?.(start.namespace));
  },
};

/** Sets the login uid, last: audit attributes the launcher's own work before it to the system. */
const seal: Step<Start> = {
  name: "seal",
  make({ context, request: { loginuid, unit } }) {
    if (loginuid === undefined) return;
    const caller = unit === undefined ? undefined : takeCaller(context.scope, unit);
    const uid = loginuid === "caller" ? caller : resolveLoginuid(loginuid, readFileSync("/etc/passwd", "utf8"));
    if (uid !== undefined) sealLoginuid(uid);
  },
};

const addMemberNames: Step<Start> = {
  name: "add-member-names",
  async make({ context, plan }) {
    if (plan.memberNames.length === 0) return;
    const names = await import("../network/connect/pod-member-names.ts");
    names.addMemberNames(context.scope, plan.networkOwner, plan.id, plan.memberNames);
  },
};

const startContainer: Step<Start> = { name: "start-container", make: startPayload };

/**
 * The steps of a start, in order. A launcher that is killed undoes none of them, so cleanUp() has to remove what each
 * of them makes: a new step means a new line there.
 */
export const START_STEPS: readonly Step<Start>[] = [
  prepareProcess,
  claim,
  claimName,
  openUserNamespace,
  openNetwork,
  makeBundle,
  seal,
  addMemberNames,
  startContainer,
];
