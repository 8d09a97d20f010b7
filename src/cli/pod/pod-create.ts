import type { Command } from "commander";
import { parseFlags } from "../../options/flags/parse.ts";
import { POD_FLAGS } from "../../options/flags/pod-flags.ts";
import { toPodRequest } from "../../options/requests/parse-pod-request.ts";
import { enterJoinedNamespace } from "../../runtime/container/joined-namespace.ts";
import { createPod } from "../../runtime/pod/create.ts";
import { enterUserNamespace } from "../../runtime/user-namespace/enter.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { HELP_LAYOUT, runFlagOption } from "../program/help.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Make a pod: namespaces that containers share, kept by systemd.",
  details: [
    "This is what the services of `.pod` files run. Systemd keeps a pod's namespaces as long as its service is active, so there is no pod without a service. Only two things need a process, which is then the service's main one: a shared PID namespace (`--share +pid`) its first, a user's pod with a network of pasta's or with published ports pasta.",
  ],
  examples: [
    {
      command: "berth pod create --unit %n --publish 8080:80 --name web",
      help: "ExecStartPre= of a service: a pod that answers on port 8080.",
    },
  ],
};

/** `berth pod create`: ExecStartPre= of a pod's service. */
export function define(command: Command, context: CommandContext): void {
  command
    .usage("[options] [NAME]")
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .configureHelp({
      ...HELP_LAYOUT,
      visibleOptions: () => POD_FLAGS.filter(({ hidden }) => !hidden).map(runFlagOption),
    })
    .action(async (_: unknown, self: Command) => {
      if (self.args[0] === "--help" || self.args[0] === "-h") return self.outputHelp();
      return create(self.args, context);
    });
}

async function create(args: readonly string[], context: CommandContext): Promise<void> {
  const { flags, rest, problems } = parseFlags(args, POD_FLAGS);
  if (problems.length > 0) {
    throw new CommandError(problems.map(({ message, hint }) => message + (hint ? ` (${hint})` : "")).join("; "), 125);
  }
  const request = toPodRequest(flags, rest, context);
  const { INVOCATION_ID: id = "", NOTIFY_SOCKET: notifySocket = "" } = context.env;
  if (!/^[0-9a-f]{32}$/.test(id) || notifySocket === "")
    throw new CommandError(`this is not ${request.unit}, or it has no NotifyAccess=: systemd could keep nothing`, 125);
  enterJoinedNamespace(context, request);
  enterUserNamespace(context);
  await createPod(request, { scope: context.scope, id, notifySocket, manager: process.ppid });
}
