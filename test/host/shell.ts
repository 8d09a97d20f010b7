/**
 * A host to work in by hand:
 *
 *   bun test/host/shell.ts [--suite bookworm|trixie] [-- COMMAND…]   boots a host, runs a command (a shell), ends it
 *   bun test/host/shell.ts --detach [--suite …]     boots a host that stays
 *   bun test/host/shell.ts --enter [-- COMMAND…]    runs a command (a shell) in the detached host
 *   bun test/host/shell.ts --install                copies dist/berth into the detached host anew
 *   bun test/host/shell.ts --end                    ends the detached host
 *
 * --user alice runs the command as that user; --name NAME tells several detached hosts apart.
 */
import { parseArgs } from "node:util";
import { bootHost, detachedHost, type Host, installBerth } from "./host.ts";
import { SUITES } from "./root.ts";

const args = process.argv.slice(2);
// Bun itself swallows a leading `--`, so the command also begins at the first word that is no option.
const taking = ["--suite", "--name", "--user"];
const start = args.findIndex(
  (arg, at) => arg === "--" || (!arg.startsWith("--") && !taking.includes(args[at - 1] ?? "")),
);
const positionals = start < 0 ? [] : args.slice(args[start] === "--" ? start + 1 : start);
const { values } = parseArgs({
  args: start < 0 ? args : args.slice(0, start),
  options: {
    suite: { type: "string", default: "bookworm" },
    name: { type: "string", default: "default" },
    user: { type: "string", default: "root" },
    detach: { type: "boolean" },
    enter: { type: "boolean" },
    install: { type: "boolean" },
    end: { type: "boolean" },
  },
});
const suite = SUITES.find((name) => name === values.suite);
if (suite === undefined) throw new Error(`--suite is one of ${SUITES.join(", ")}`);

async function enter(host: Host): Promise<number> {
  const command = positionals.length > 0 ? positionals : ["bash", "-l"];
  const env = { TERM: process.env.TERM ?? "dumb" };
  const child = Bun.spawn(host.argv(command, { user: values.user, env }), { stdio: ["inherit", "inherit", "inherit"] });
  return child.exited;
}

if (values.detach) {
  const host = (await detachedHost(values.name)) ?? (await bootHost({ suite, detached: values.name }));
  console.log(`${host.pid}`);
} else if (values.end || values.enter || values.install) {
  const host = await detachedHost(values.name);
  if (host === undefined) throw new Error(`no detached host ${values.name} runs; start it with --detach`);
  if (values.install) await installBerth(host.path("/"));
  if (values.enter) process.exitCode = await enter(host);
  if (values.end) await host.close();
} else {
  const host = await bootHost({ suite });
  try {
    process.exitCode = await enter(host);
  } finally {
    await host.close();
  }
}
