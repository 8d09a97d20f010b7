import { quoted } from "../../options/values/check.ts";
import type { CommandLine } from "../making/command-line.ts";
import type { ContainerContext } from "../making/context.ts";
import type { HostPaths } from "../making/host-path.ts";
import type { Value } from "../reading/report.ts";

/** Adds a container's files of variables, relative to the folder of its own file. */
export function addEnvironmentFiles(line: CommandLine, context: ContainerContext, paths: HostPaths): void {
  for (const file of context.container.list("EnvironmentFile")) {
    checkFile(file, context);
    line.plain("--env-file").expanded(paths.file(file.text));
  }
}

/** Reports forms of systemd's EnvironmentFile= and of shells that mean something else here. */
function checkFile(value: Value, { report }: ContainerContext): void {
  if (value.text.startsWith("-")) {
    const message = `${quoted(value.text)}: a leading - for "may be missing" is not part of Quadlet's language`;
    const hint = value.text.startsWith("-/") ? "leave the - out" : `write ./${value.text} for a file of that name`;
    report.value(value, { code: "optional-file", message, hint });
  }
  if (value.text.startsWith("~/")) {
    const message = `${quoted(value.text)} is a folder "~" beside this file, not somebody's home`;
    const hint = `write %h${value.text.slice(1)}`;
    report.value(value, { code: "tilde", message, hint }, "warning");
  }
}
