/**
 * A machine of the VM lane to work in by hand, with the terminal as its serial console and a root shell on that; C-a x
 * switches it off for good.
 *
 *   bun test/vm/shell.ts [--suite bookworm|trixie] [-- COMMAND…]     only runs the command, if there is one
 */
import { parseArgs } from "node:util";
import { SUITES } from "../host/root.ts";
import { Vm } from "./vm.ts";

const args = process.argv.slice(2);
// Bun itself swallows a leading `--`, so the command also begins at the first word that is no option.
const start = args.findIndex((arg, at) => arg === "--" || (!arg.startsWith("--") && args[at - 1] !== "--suite"));
const command = start < 0 ? [] : args.slice(args[start] === "--" ? start + 1 : start);
const { values } = parseArgs({
  args: start < 0 ? args : args.slice(0, start),
  options: { suite: { type: "string", default: "trixie" } },
});
const suite = SUITES.find((name) => name === values.suite);
if (suite === undefined) throw new Error(`--suite is one of ${SUITES.join(", ")}`);

await using vm = await Vm.create({ suite, console: command.length === 0 });
if (command.length === 0) {
  await vm.ended();
} else {
  const { stdout, stderr, exitCode } = await vm.run(command);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}
