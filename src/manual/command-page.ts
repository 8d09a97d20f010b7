import { type DescribedCommand, type DescribedOption, pageName } from "../cli/program/described-command.ts";
import { type Block, type Chapter, example, type Page, paragraph, seeAlso, terms } from "./page.ts";

/** Related pages, by the command. */
const RELATED: Readonly<Record<string, readonly string[]>> = {
  run: ["berth-exec(1)", "berth.unit(5)", "systemd.service(5)", "crun(1)", "runc(8)"],
  exec: ["berth-run(1)", "berth-ps(1)"],
  ps: ["berth-inspect(1)", "systemctl(1)"],
  start: ["berth.unit(5)", "systemctl(1)", "pam_loginuid(8)", "ausearch(8)"],
  stop: ["systemctl(1)"],
  logs: ["journalctl(1)"],
  inspect: ["berth-ps(1)", "berth-images(1)"],
  setup: ["berth-generator(8)", "systemd.generator(7)"],
  cleanup: ["berth-verify(1)"],
  generate: ["berth-check(1)", "berth.unit(5)", "berth-generator(8)"],
  check: ["berth-generate(1)", "berth.unit(5)", "systemd-analyze(1)"],
  rescan: ["berth-generator(8)", "systemd.path(5)"],
  pull: ["berth-images(1)", "berth.conf(5)", "containers-auth.json(5)"],
  "image inspect": ["berth-images(1)", "berth-inspect(1)"],
  images: ["berth-pull(1)", "berth-rmi(1)"],
  rmi: ["berth-images(1)", "berth-image-prune(1)"],
  "image prune": ["berth-images(1)", "berth-rmi(1)"],
  "image exists": ["berth-images(1)", "berth-pull(1)"],
  "network create": ["berth-network-ls(1)", "berth-network-rm(1)", "berth.network(5)"],
  "network ls": ["berth-network-create(1)", "berth-network-inspect(1)"],
  "network inspect": ["berth-network-ls(1)"],
  "network exists": ["berth-network-create(1)", "berth-network-ls(1)"],
  "network rm": ["berth-network-prune(1)"],
  "network prune": ["berth-network-ls(1)", "berth-network-rm(1)"],
  "pod create": ["berth-pod-ls(1)", "berth.pod(5)"],
  "pod ls": ["berth-pod-inspect(1)", "berth-ps(1)", "berth.pod(5)"],
  "pod inspect": ["berth-pod-ls(1)"],
  "pod exists": ["berth-pod-ls(1)"],
  "pod start": ["berth-pod-stop(1)", "berth.pod(5)"],
  "pod stop": ["berth-pod-start(1)", "berth.pod(5)"],
  "pod rm": ["berth-pod-stop(1)"],
  load: ["berth-pull(1)", "skopeo(1)"],
  verify: ["berth-cleanup(1)"],
  "volume create": ["berth-volume-ls(1)", "berth-volume-rm(1)", "berth.unit(5)", "mount(8)"],
  "volume ls": ["berth-volume-create(1)", "berth-volume-inspect(1)"],
  "volume inspect": ["berth-volume-ls(1)"],
  "volume exists": ["berth-volume-create(1)", "berth-volume-ls(1)"],
  "volume rm": ["berth-volume-prune(1)"],
  "volume prune": ["berth-volume-ls(1)", "berth-volume-rm(1)"],
  "volume export": ["berth-volume-import(1)", "tar(1)"],
  "volume import": ["berth-volume-export(1)", "tar(1)"],
  "volume mount": ["berth-volume-unmount(1)", "mount(8)"],
  "volume unmount": ["berth-volume-mount(1)"],
};

/** Exit codes, by the command, where there are others than 0, 1 and 125. */
const EXIT_CODES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  run: [
    ["The payload's own", "In the foreground; 128 + n if signal n ended it."],
    ["0", "With `--detach`: the container runs."],
    ["125", "berth could not run the container, or the command line is wrong."],
    ["126", "The container's command cannot be executed."],
    ["127", "There is no such command in the image."],
  ],
  rmi: [
    ["0", "All were removed."],
    ["1", "There is no such image."],
    ["2", "An image is in use."],
    ["125", "The command line is wrong, or berth itself failed."],
  ],
  "volume import": [
    ["0", "Everything is in the volume."],
    ["2", "The volume is in use."],
    ["125", "The command line or the archive is wrong, or berth itself failed; the volume is as it was."],
  ],
  "network rm": [
    ["0", "All were removed."],
    ["1", "There is no such network."],
    ["2", "A network is in use."],
    ["125", "The command line is wrong, or berth itself failed."],
  ],
  "volume rm": [
    ["0", "All were removed."],
    ["1", "There is no such volume."],
    ["2", "A volume is in use."],
    ["125", "The command line is wrong, or berth itself failed."],
  ],
};

/** `berth KIND exists` */
const EXISTS_EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "It is there."],
  ["1", "It is not."],
  ["125", "The command line is wrong, or berth itself failed."],
];

const USUAL_EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "Everything was done."],
  ["1", "It was understood, but something failed or is wrong, as told on stderr."],
  ["125", "The command line is wrong, or berth itself failed."],
];

/** berth-COMMAND(1); `otherNames` are the command's other names. */
export function commandPage(command: DescribedCommand, otherNames: readonly string[]): Page {
  const { name, manual, summary } = command;
  return {
    name: pageName(command),
    section: 1,
    summary: summary.charAt(0).toLowerCase() + summary.slice(1),
    chapters: [
      {
        heading: "SYNOPSIS",
        blocks: [name, ...otherNames].map((words) => paragraph(`\`berth ${words}\` ${command.synopsis}`.trim())),
      },
      { heading: "DESCRIPTION", blocks: [manual.description, ...(manual.details ?? [])].map(paragraph) },
      ...argumentChapter(command),
      ...optionChapter(command.options),
      {
        heading: manual.examples.length === 1 ? "EXAMPLE" : "EXAMPLES",
        blocks: manual.examples.flatMap(exampleBlocks),
      },
      { heading: "EXIT STATUS", blocks: [terms(EXIT_CODES[name] ?? exitCodesOf(name))] },
      seeAlso(["berth(1)", ...(RELATED[name] ?? [])]),
    ],
  };
}

function exitCodesOf(name: string): readonly (readonly [string, string])[] {
  if (name.endsWith(" exists")) return EXISTS_EXIT_CODES;
  return name === "exec"
    ? [["The command's own", "128 + n if signal n ended it."], ...USUAL_EXIT_CODES.slice(2)]
    : USUAL_EXIT_CODES;
}

function argumentChapter({ arguments: all }: DescribedCommand): Chapter[] {
  if (all.length === 0) return [];
  return [{ heading: "ARGUMENTS", blocks: [terms(all.map(({ name, help }) => [`\`${name}\``, sentence(help)]))] }];
}

function optionChapter(options: readonly DescribedOption[]): Chapter[] {
  const rows = options.map((option): readonly [string, string] => [`\`${option.forms}\``, optionText(option)]);
  return [{ heading: "OPTIONS", blocks: [terms([...rows, ["`--help`", "Show a summary of the command."]])] }];
}

function optionText({ help, choices, default: usual }: DescribedOption): string {
  const said = [
    ...(choices.length === 0 ? [] : [`One of ${choices.map((choice) => `\`${choice}\``).join(", ")}.`]),
    ...(usual === undefined ? [] : [`Default: \`${usual}\`.`]),
  ];
  return [sentence(help), ...said].join(" ");
}

function exampleBlocks({ command, help }: { command: string; help: string }): Block[] {
  return [paragraph(help), example(command)];
}

/** A short help text as a sentence. */
export function sentence(help: string): string {
  const text = help.charAt(0).toUpperCase() + help.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
