import { expect, test } from "bun:test";
import { Command } from "commander";
import { plainBooleans } from "../../../src/cli/program/boolean-options.ts";

const command = new Command("x")
  .option("-q, --quiet", "no value")
  .option("--tls-verify", "no value")
  .option("--no-tls-verify", "its opposite")
  .option("-n, --name <name>", "a value");

test("booleans with a value become what commander knows", () => {
  expect(plainBooleans(["--quiet=true", "--tls-verify=false", "image"], command)).toEqual([
    "--quiet",
    "--no-tls-verify",
    "image",
  ]);
  expect(plainBooleans(["--quiet=false", "--tls-verify=1"], command)).toEqual(["--tls-verify"]);
});

test("values of other options, unknown words and what follows -- stay as they are", () => {
  for (const words of [
    ["--name", "--quiet=false"],
    ["-n", "--quiet=false"],
    ["--name=--quiet=false"],
    ["--quiet=maybe"],
    ["--other=false"],
    ["--", "--quiet=false"],
  ])
    expect(plainBooleans(words, command)).toEqual(words);
});
