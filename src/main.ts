import { basename } from "node:path";

// The one executable is the command and, by the name it is called, systemd's generator. What runs before everything
// else at boot loads nothing of the commands, and what starts a container nothing of the other ones. `#generator`
// (package.json) is src/generator/main.ts, in the executable with everything it needs in one piece.
if (basename(process.argv0) === "berth-generator") {
  const { generatorMain } = await import("#generator");
  process.exitCode = await generatorMain(process.argv.slice(2), process.env);
} else {
  const { processContext, reportFailure } = await import("./cli/program/process-context.ts");
  await reportFailure(async () => {
    const [command, ...args] = process.argv.slice(2);
    if (command === "run" && args[0] !== "--help") {
      const { runContainer } = await import("./cli/container/run-container.ts");
      return runContainer(args, processContext());
    }
    const { runCommand } = await import("./cli/program.ts");
    const { COMMAND_TABLE } = await import("./setup/commands.ts");
    return runCommand(process.argv.slice(2), COMMAND_TABLE, processContext());
  });
}
