import { basename } from "node:path";

// One executable is both the command and, when called by that name, systemd's generator. The generator, which runs
// first at boot, loads no command, and the two commands that a service consists of load no other: `berth run` at its
// start, `berth cleanup --unit UNIT` at its end. `#generator` (package.json) is src/generator/main.ts, which the
// executable contains in one piece with its imports.
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
    const [flag, unit] = args;
    if (command === "cleanup" && flag === "--unit" && unit !== undefined && args.length === 2) {
      const { cleanUpUnit } = await import("./cli/units/clean-up.ts");
      return cleanUpUnit(unit, processContext());
    }
    const { runCommand } = await import("./cli/program.ts");
    const { COMMAND_TABLE } = await import("./setup/commands.ts");
    return runCommand(process.argv.slice(2), COMMAND_TABLE, processContext());
  });
}
