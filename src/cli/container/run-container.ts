import { parseRunFlags } from "../../options/flags/parse.ts";
import { podOf, toRunRequest } from "../../options/requests/parse-run-request.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { SharedKind } from "../../options/values/share.ts";
import { launch } from "../../runtime/container/launch.ts";
import { enterUserNamespace } from "../../runtime/user-namespace/enter.ts";
import { imageForStart } from "../image/image-for-start.ts";
import { type CommandContext, CommandError } from "../program/command.ts";
import { agreeOnStopSignal } from "./unit-stop-signal.ts";

/**
 * `berth run`, given the words behind it. Every start of a container loads this file: look at what an import costs
 * before adding one.
 */
export async function runContainer(args: readonly string[], context: CommandContext): Promise<void> {
  const { flags, rest, problems } = parseRunFlags(args);
  if (problems.length > 0) {
    throw new CommandError(problems.map(({ message, hint }) => message + (hint ? ` (${hint})` : "")).join("; "), 125);
  }
  const [image, ...words] = rest;
  if (image === undefined) throw new CommandError("no image given (see berth run --help)", 125);
  const given = toRunRequest(flags, image, words, context, await sharedByPod(podOf(flags), context));
  const asked = withoutUselessPorts(given, context);
  const request = asked.tty && inBackground(asked) ? withoutTerminal(asked) : asked;
  if (request.detach && request.unit === undefined) {
    if (asked.tty) context.err("berth: warning: a container in the background has no terminal: --tty is left out\n");
    const { runAsTransientUnit } = await import("./run-detached.ts");
    return runAsTransientUnit(request, args, context);
  }
  if (request.tty) await (await import("../program/terminal.ts")).requireTerminal();
  await takeInput(request);
  if (request.pod !== undefined && context.scope.kind === "user") {
    const { enterPodNamespace } = await import("../../runtime/pod/enter.ts");
    enterPodNamespace(context, request.pod);
  } else {
    if (context.scope.kind === "user") await enterJoined(request, context);
    enterUserNamespace(context);
  }
  await launch(request, {
    scope: context.scope,
    env: context.env,
    program: process.execPath,
    inUserNamespace: context.scope.kind === "user",
    image: async (wanted, notifier) => {
      endOnStopSignal(wanted);
      const image = await imageForStart(wanted, context, notifier);
      agreeOnStopSignal(wanted, image, context);
      return image;
    },
  });
}

/** A published port means nothing in the host's network, nor without any; docker and podman say so and go on. */
function withoutUselessPorts(request: RunRequest, { err }: CommandContext): RunRequest {
  const { mode } = request.network;
  if (request.ports.length === 0 || (mode !== "host" && mode !== "none")) return request;
  err(`berth: warning: ports are not published with the network ${mode}\n`);
  return { ...request, ports: [] };
}

function inBackground({ unit, detach }: RunRequest): boolean {
  return unit !== undefined || detach;
}

/** Nobody could hold the other end of a background container's terminal; what reads from one waits for input. */
function withoutTerminal(request: RunRequest): RunRequest {
  return { ...request, tty: false, interactive: true };
}

/**
 * Settles what the payload reads. Without `--interactive` a container in the foreground reads nothing, so that the
 * lines of `while read line; do berth run …; done` stay the loop's. A service has what its unit says
 * (StandardInput=).
 */
async function takeInput(request: RunRequest): Promise<void> {
  const input = () => import("../../system/standard-input.ts");
  if (inBackground(request)) {
    if (request.interactive) (await input()).endlessInput();
  } else if (!request.interactive && !request.tty) (await input()).emptyInput();
}

/** The namespaces that the containers of the pod share; undefined for a container without a pod. */
async function sharedByPod(
  pod: string | undefined,
  { scope }: CommandContext,
): Promise<readonly SharedKind[] | undefined> {
  if (pod === undefined) return undefined;
  const { findPod } = await import("../../state/pod-record.ts");
  return findPod(scope, pod).shared;
}

/** Modes of networks and user namespaces that a container shares with others. */
const JOINED: readonly string[] = ["bridge", "container", "namespace"];

async function enterJoined(request: RunRequest, context: CommandContext): Promise<void> {
  if (!JOINED.includes(request.network.mode) && !JOINED.includes(request.userNamespace.mode)) return;
  const { enterJoinedNamespace } = await import("../../runtime/container/joined-namespace.ts");
  enterJoinedNamespace(context, request);
}

/** Signals that are ignored by default (signal(7)), and that a server may use as its stop signal. */
const IGNORED_SIGNALS = ["SIGWINCH", "SIGURG"] as const;

/**
 * Ends berth on a signal that would be ignored. While the image is pulled, systemd sends KillSignal= to berth: if that
 * is such a signal (SIGWINCH is Apache's), berth would go on, and systemd wait for it, as long as bytes arrive.
 */
function endOnStopSignal({ unit }: RunRequest): void {
  if (unit === undefined) return;
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => process.exit(0));
}
