import { expect, test } from "bun:test";
import { describeCommands } from "../../src/cli/program/described-command.ts";
import { generate } from "../../src/generator/generate.ts";
import { BERTH_KEYS } from "../../src/generator/keys/berth.ts";
import { CONTAINER_KEYS } from "../../src/generator/keys/container.ts";
import type { GenerateOptions } from "../../src/generator/making/context.ts";
import { FILE_TYPES } from "../../src/generator/reading/file-type.ts";
import { parseRunFlags } from "../../src/options/flags/parse.ts";
import { POD_FLAGS } from "../../src/options/flags/pod-flags.ts";
import { RUN_FLAGS } from "../../src/options/flags/run-flags.ts";
import { COMMAND_TABLE } from "../../src/setup/commands.ts";
import { formatDiagnostic } from "../../src/unit/diagnostic.ts";
import { splitWords } from "../../src/unit/words.ts";
import { generateCase } from "./golden-case.ts";

const OPTIONS: GenerateOptions = { scope: "system", berth: "/usr/local/bin/berth" };

function generateText(text: string, name = "app.container") {
  const source = (name: string, content: string) => ({
    name,
    path: `/etc/containers/systemd/${name}`,
    shownPath: name,
    content: new TextEncoder().encode(content),
    dropIns: [],
  });
  // What the examples refer to.
  return generate([source(name, text), source("web.pod", "[Pod]\n")], OPTIONS);
}

const REMAP = { RemapUid: "RemapUsers=keep-id\n", RemapGid: "RemapUsers=keep-id\n" };
/** The subnet of the examples. */
const SUBNET = "Subnet=192.168.55.0/24\n";

test("the tables have every key of Quadlet's", () => {
  const counts = Object.fromEntries(FILE_TYPES.map(({ extension, keys }) => [extension, keys().size]));
  expect(counts).toEqual({
    artifact: 13,
    build: 28,
    container: 94,
    image: 18,
    kube: 19,
    network: 18,
    pod: 29,
    volume: 16,
  });
});

test("every key is explained", () => {
  for (const { keys } of FILE_TYPES) {
    for (const { name, help, example } of keys().values()) {
      expect({ name, help: help.length > 5, example: example.length > 0 }).toEqual({ name, help: true, example: true });
      expect(help.endsWith(".")).toBe(false);
    }
  }
});

test("every flag in the tables is one of berth run's", () => {
  const flags = new Set(RUN_FLAGS.map(({ name }) => name));
  for (const { flag } of [...CONTAINER_KEYS.values(), ...BERTH_KEYS.values()])
    if (flag !== undefined) expect(flags).toContain(flag);
});

/** What a key cannot be without. */
const NEEDED: Readonly<Record<string, string>> = {
  Type: "Device=/dev/vdb1\n",
  Gateway: SUBNET,
  IPRange: SUBNET,
  ...REMAP,
};

for (const { name, example, status } of CONTAINER_KEYS.values()) {
  test(`${name}: ${status}`, () => {
    const image = name === "Image" ? "" : "Image=registry.example/app:1\n";
    const user = name === "Group" ? "User=x\n" : "";
    const { diagnostics } = generateText(`[Container]\n${image}${user}${name}=${example}\n${NEEDED[name] ?? ""}`);
    const messages = diagnostics.map(formatDiagnostic);
    if (status === "supported") expect(messages.filter((message) => !message.includes(": warning: "))).toEqual([]);
    else expect(messages.join("\n")).toContain(`app.container:3:1: error: ${name}= is not supported`);
  });
}

for (const { extension, section, keys } of FILE_TYPES.filter(({ status }) => status === "supported")) {
  if (extension === "container") continue;
  for (const { name, example, status } of keys().values()) {
    test(`${name} of .${extension} files: ${status}`, () => {
      const image = extension === "image" && name !== "Image" ? "Image=registry.example/app:1\n" : "";
      const text = `[${section}]\n${name}=${example}\n${image}${NEEDED[name] ?? ""}`;
      const messages = generateText(text, `app.${extension}`).diagnostics.map(formatDiagnostic);
      if (status === "supported") expect(messages.filter((message) => !message.includes(": warning: "))).toEqual([]);
      else expect(messages.join("\n")).toContain(`app.${extension}:2:1: error: ${name}= is not supported`);
    });
  }
}

test("every flag that the keys of other types become is one of their command's", async () => {
  const described = await describeCommands(COMMAND_TABLE);
  const commands: Readonly<Record<string, string>> = {
    image: "image pull",
    network: "network create",
    volume: "volume create",
  };
  for (const { extension, keys, status } of FILE_TYPES) {
    if (status !== "supported" || extension === "container") continue;
    const options = described.find(({ name }) => name === commands[extension])?.options ?? [];
    const flags = extension === "pod" ? POD_FLAGS.map(({ name }) => `--${name}`) : options.map(({ long }) => long);
    for (const key of keys().values())
      if (key.flag !== undefined && key.status === "supported") expect(flags).toContain(`--${key.flag}`);
  }
});

test("the generated command line is one that berth run reads", () => {
  const unit = generateCase("02-every-key").files.find(({ name }) => name === "app.service")?.text ?? "";
  const line = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "";
  const [program, command, ...words] = splitWords(line, "systemd").words.map(({ text }) => text);
  expect([program, command]).toEqual(["/usr/local/bin/berth", "run"]);
  const { problems, rest, flags } = parseRunFlags(words);
  expect(problems).toEqual([]);
  expect(rest.slice(0, 4)).toEqual(["registry.example/app:1", "serve", "--greeting", "good day"]);
  // Each supported key that becomes a flag is in the case.
  const given = new Set(Object.keys(flags));
  // A pod would not go with the keys about its network, nor other user namespaces with UIDMap=.
  const excluded = ["pod", "userns", "subuidname", "subgidname"];
  for (const { flag } of CONTAINER_KEYS.values()) {
    if (flag !== undefined && !excluded.includes(flag)) expect(given).toContain(flag);
  }
});

test("an empty assignment takes back what came before", () => {
  const text =
    "[Container]\nImage=registry.example/app:1\nLabel=a=1\nLabel=\nLabel=b=2\nUser=x\nUser=\nExec=one\nExec=\n";
  const unit = generateText(text).files[0]?.text ?? "";
  expect(unit).toContain("--label b=2 registry.example/app:1\n");
  expect(unit).not.toMatch(/^ExecStart=.*--user/m);
});
