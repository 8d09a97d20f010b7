import type { OciRuntimeTraits } from "../oci-runtime/oci-runtime.ts";
import type { SpecInput } from "../spec/oci-config.ts";
import type { SpecHook } from "../spec/runtime-spec.ts";
import { socketEnvironment } from "../systemd/inherited-sockets.ts";
import { notifyEnvironment } from "../systemd/payload-notify.ts";
import { namespaceEnvironment } from "../user-namespace/enter.ts";
import { payloadEnvironment } from "./environment.ts";
import type { Start, StartContext } from "./start.ts";

/** The facts that config.json needs besides the start itself: those read from the host, and the mounts made for it. */
export interface BundleFacts
  extends Pick<SpecInput, "user" | "rootfs" | "mounts" | "bounding" | "seccomp" | "hardLimits"> {
  readonly traits: OciRuntimeTraits;
  /** How many sockets the payload gets. */
  readonly sockets: number;
  /** Contents of the request's environment files, in order. */
  readonly environmentFiles: readonly string[];
}

/** The part of a start that config.json depends on. */
export type BundleStart = Pick<Start, "request" | "image" | "plan" | "namespace"> & {
  readonly context: Pick<StartContext, "scope" | "env" | "program" | "inUserNamespace">;
  readonly pod: Pick<NonNullable<Start["pod"]>, "path" | "network"> | undefined;
  readonly joined: Pick<NonNullable<Start["joined"]>, "path"> | undefined;
  readonly network: Pick<NonNullable<Start["network"]>, "path"> | undefined;
};

/** The contents of config.json, before toRuntimeSpec() gives them the specification's form. Pure. */
export function specInput(start: BundleStart, facts: BundleFacts): SpecInput {
  const { context, request, image, plan, namespace, pod } = start;
  return {
    request,
    image: image.config,
    user: facts.user,
    bounding: facts.bounding,
    environment: environment(start, facts),
    hostname: plan.hostname,
    rootfs: facts.rootfs,
    mounts: facts.mounts,
    cgroupsPath: plan.cgroup.cgroupsPath,
    annotations: { ...plan.cgroup.annotations, ...(plan.cgroup.systemd ? facts.traits.scopeAnnotations : {}) },
    networkNamespace: networkNamespace(start),
    userNamespace: namespace,
    joined: pod === undefined ? {} : { ipc: pod.path("ipc"), pid: pod.path("pid"), uts: pod.path("uts") },
    traits: facts.traits,
    seccomp: facts.seccomp,
    inUserNamespace: context.inUserNamespace,
    hardLimits: facts.hardLimits,
    poststop: request.unit === undefined ? cleanupHook(context, plan.id) : undefined,
  };
}

function environment({ context, request, image, plan }: BundleStart, facts: BundleFacts): string[] {
  const { env } = context;
  return payloadEnvironment({
    image: image.config.env,
    host: env,
    passHost: request.envHost,
    files: facts.environmentFiles,
    assignments: request.env,
    home: facts.user.home,
    hostname: plan.hostname,
    tty: request.tty,
    own: { ...socketEnvironment(facts.sockets, env), ...notifyEnvironment(request, env) },
  });
}

/** The network namespace for the container to join; "" for a new one of its own, undefined for the host's. */
function networkNamespace({ request, joined, network, pod }: BundleStart): string | undefined {
  if (request.network.mode === "host") return undefined;
  return joined === undefined ? (network?.path ?? pod?.network ?? "") : joined.path;
}

/**
 * The command that the OCI runtime runs when a container that no unit cleans up after has ended. It gets no environment
 * but this.
 */
export function cleanupHook({ scope, env, program }: BundleStart["context"], id: string): SpecHook {
  const variables = Object.entries(namespaceEnvironment(scope, env)).map(([name, value]) => `${name}=${value}`);
  return { path: program, args: ["berth", "cleanup", "--poststop", "--id", id], env: variables };
}
