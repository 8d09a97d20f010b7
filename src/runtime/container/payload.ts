import { writeRecord } from "../../state/container-record.ts";
import { keepOverExec } from "../../system/exec.ts";
import { retargetNamespaceLink } from "../network/connect/namespace-link.ts";
import { cleanUpIfRefused } from "../oci-runtime/early-end.ts";
import type { OciRun } from "../oci-runtime/oci-runtime.ts";
import { namespaceEnvironment } from "../user-namespace/enter.ts";
import { etcFacts, writeEtcFiles } from "./bundle-files.ts";
import { cleanupHook } from "./bundle-spec.ts";
import type { Start } from "./start.ts";

/**
 * Lets the OCI runtime create the container, waits for its network, and starts the payload. In the foreground this
 * process becomes the OCI runtime instead. Rejects as the runtime's create() and the network's finish() do.
 */
export async function startPayload(start: Start): Promise<void> {
  const { context, notifier, runtime, request, plan, paths, network } = start;
  const { scope, env } = context;
  const run: OciRun = {
    id: plan.id,
    bundle: paths.bundle,
    pidFile: paths.pidFile,
    preserveFds: start.sockets,
    systemdCgroup: plan.cgroup.systemd,
  };
  await network?.joinable();
  if (!request.detach) {
    await finishNetwork(start);
    keepNamespaces(start);
    if (request.unit === undefined) {
      const cleanup = cleanupHook(context, plan.id);
      cleanUpIfRefused(paths.bundle, [cleanup.path, ...cleanup.args.slice(1)], namespaceEnvironment(scope, env));
    }
    runtime.becomeRun(run, env);
  }
  const pid = await createInNetwork(start, run);
  retargetNamespaceLink(scope, plan.networkOwner, pid);
  // Nothing may fail once systemd is notified. The notification has to precede the payload's end: systemd reaps a
  // process it does not know without recording the exit status, and a service that ends before it is ready has failed,
  // whatever its exit code.
  notifier.payload(pid, request.sdnotify === "started");
  runtime.start(plan.id, pid);
}

/** Creates the container, if possible while its network is being finished. Resolves with the PID once both are done. */
async function createInNetwork(start: Start, run: OciRun): Promise<number> {
  const { networkFirst } = start.plan;
  if (networkFirst) await finishNetwork(start);
  // The OCI runtime only joins the namespace. Finishing the network in there takes about as long as its own work.
  const creating = start.runtime.create(run, start.context.env);
  const finishing = networkFirst ? undefined : finishNetwork(start);
  const results = await Promise.allSettled([creating, finishing]);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return await creating;
}

/** Waits for the network, and records the container's addresses and ports. */
async function finishNetwork(start: Start): Promise<void> {
  const { context, request, plan, paths, network } = start;
  const found = await network?.finish();
  const settings = found ?? network?.settings;
  if (settings === undefined) return;
  const { addresses, ports } = settings;
  writeRecord(context.scope, { ...plan.record, addresses, ports });
  // Settings known beforehand are in the bundle already.
  if (found !== undefined) writeEtcFiles(request, paths, etcFacts(start, found.view));
}

/** Keeps open over execve(2) the namespaces that config.json names by a path through this process. */
function keepNamespaces({ network, namespace, pod }: Start): void {
  for (const fd of [network?.fd, namespace?.fd, ...(pod?.namespaces ?? []).map((open) => open.fd)])
    if (fd !== undefined) keepOverExec(fd);
}
