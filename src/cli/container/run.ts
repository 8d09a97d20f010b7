import type { Command } from "commander";
import { RUN_FLAGS } from "../../options/flags/run-flags.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { HELP_LAYOUT, runFlagOption } from "../program/help.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Run a container in the foreground, or with `--detach` as a service of systemd's.",
  details: [
    "In the foreground the container's first process is a child of the calling shell: it has the shell's terminal and its audit login uid, and its exit code is that of `berth run`. Standard input reaches it with `--interactive` or `--tty` alone. With `--detach` systemd makes a transient service `berth-NAME.service` for it, and the container's ID is printed.",
    "The image is pulled if the store does not have it (see `--pull`). The container goes when its first process ends; there is no `berth rm`.",
    "The flags have podman's and docker's names. Generated units call this command too, so `systemctl cat` shows one such command line for each container.",
  ],
  examples: [
    {
      command: "berth run -it -v ./src:/src:ro registry.example/alpine:3 sh",
      help: "A shell in a container, with a folder of the host.",
    },
    {
      command: "berth run -d --name web -p 8080:80 registry.example/web:1",
      help: "A server in the background, as berth-web.service.",
    },
  ],
};

/** `berth run`: what generated units call, and what people type. Its flags are read by the table, podman's way. */
export function define(command: Command, context: CommandContext): void {
  command
    .usage("[options] IMAGE [COMMAND [ARGUMENT...]]")
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .configureHelp({
      ...HELP_LAYOUT,
      visibleOptions: () => RUN_FLAGS.filter(({ hidden }) => !hidden).map(runFlagOption),
    })
    .action(async (_: unknown, self: Command) => {
      // -h is podman's --hostname, so only the long form asks for help.
      if (self.args[0] === "--help") return self.outputHelp();
      const { runContainer } = await import("./run-container.ts");
      return runContainer(self.args, context);
    });
}
