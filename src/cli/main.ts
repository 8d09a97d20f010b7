import { basename } from "node:path";

// The one executable is the command and, by the name it is called, systemd's generator. What runs before everything else at
// boot loads nothing of the commands.
if (basename(process.argv0) === "berth-generator") {
  const { generatorMain } = await import("../generator/main.ts");
  process.exitCode = await generatorMain(process.argv.slice(2), process.env);
} else {
  const { runProgram } = await import("./program.ts");
  await runProgram();
}
