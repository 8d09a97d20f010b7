// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.
import { expect, test } from "bun:test";
import { Command } from "commander";
import type { CommandContext } from "../../../src/cli/program/command.ts";
import { FREE_TEXT, refuseUnexpandedOptions } from "../../../src/cli/program/unexpanded-options.ts";
import { OptionError } from "../../../src/options/error.ts";
import { systemScope } from "../../../src/scope.ts";
import { COMMAND_TABLE as TABLE } from "../../../src/setup/commands.ts";

const CONTEXT: CommandContext = {
  scope: systemScope("/nowhere"),
  env: {},
  cwd: "/",
  command: ["/usr/local/bin/berth"],
  out: () => {},
  err: () => {},
  errTerminal: () => undefined,
  outIsTerminal: () => false,
  input: () => undefined,
  outBytes: async () => undefined,
  ask: () => undefined,
};

/** A command as `berth` defines it; nothing is run. */
async function defined(name: string): Promise<Command> {
  const entry = TABLE.commands.find((command) => command.name === name);
  const command = new Command(name).exitOverride().configureOutput({ outputError: () => {} });
  (await entry?.load())?.define(command, CONTEXT, TABLE);
  refuseUnexpandedOptions(command);
  return command;
}

test.each(TABLE.commands.map(({ name }) => name))(
  "berth %s: no option takes what only systemd expands",
  async (name) => {
    const { options } = await defined(name);
    for (const { long, required, optional } of options) {
      if (long === undefined || (!required && !optional) || Object.hasOwn(FREE_TEXT, long)) continue;
      for (const word of ["%i", "${PORT}"]) {
        // A new one each time: an option keeps its values.
        const command = await defined(name);
        const message = `${long} ${word}: ${word} is not expanded: only systemd does that, in a unit`;
        expect(() => command.parseOptions([long, word])).toThrow(new OptionError("not-expanded", message));
      }
    }
  },
);

test("values that are handed on keep % and $", async () => {
  const exec = await defined("exec");
  exec.parseOptions(["--env", "A=%i", "--env", "B=${C}"]);
  expect(exec.opts().env).toEqual(["A=%i", "B=${C}"]);
  const create = await defined("volume create");
  create.parseOptions(["--label", "a=%i", "--opt", "o=password=a%b"]);
  expect(create.opts()).toMatchObject({ label: ["a=%i"], opt: ["o=password=a%b"] });
  expect(() => create.parseOptions(["--opt", "device=%h/a"])).toThrow("--opt device=%h/a: %h is not expanded");
});

test("other values reach the option's own parser", async () => {
  const pull = await defined("pull");
  pull.parseOptions(["--retry", "5", "--retry-delay", "10s", "--policy", "newer"]);
  expect(pull.opts()).toMatchObject({ retry: 5, retryDelay: 10_000, policy: "newer" });
  expect(() => pull.parseOptions(["--policy", "x"])).toThrow("Allowed choices are always, missing, newer, never");
  expect(() => pull.parseOptions(["--retry", "x"])).toThrow('"x" is not a number of retries');
});
