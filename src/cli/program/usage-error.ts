import type { CommanderError } from "commander";
import { closest } from "../../suggest.ts";
import { CommandError } from "./command.ts";

/** podman's exit code for a wrong command line. */
export const USAGE_EXIT_CODE = 125;

/** Commands of podman and docker that berth lacks, with the command that does the same. */
export const INSTEAD: Readonly<Record<string, string>> = {
  attach: "berth logs --follow shows what a container prints, berth exec runs a shell in it",
  build: "buildah or podman build an image, berth load takes it",
  container: "leave that word out: berth ps, berth inspect, berth exec, berth stop",
  cp: "tar does that, through berth exec: berth exec web tar c /etc | tar x",
  create: "a container file and systemctl daemon-reload do that; berth run --detach starts at once",
  df: "du -sh /var/lib/berth/* shows that",
  enable: "[Install] of the container file is what enables it",
  events: "journalctl --follow shows what starts and stops",
  history: "skopeo inspect --config shows that",
  info: "berth --version, and systemctl status",
  kill: "systemctl kill does that",
  "image build": "buildah or podman build an image, berth load takes it",
  "image push": "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  "image save": "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  login: "credentials of podman login, skopeo login and docker login are used",
  "network connect": "Network= of the container file does that, at its next start",
  "network disconnect": "Network= of the container file does that, at its next start",
  pause: "systemctl freeze does that",
  "pod kill": "systemctl kill does that, of the pod's containers",
  "pod logs": "journalctl --unit does that, of the pod's containers",
  "pod pause": "systemctl freeze does that, of the pod's containers",
  "pod prune": "a pod is there only as long as its service is active",
  "pod restart": "systemctl restart does that, of the pod's service",
  "pod stats": "systemd-cgtop shows that",
  "pod top": "systemctl status and systemd-cgls show that",
  port: "berth ps shows that",
  push: "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  rename: "ContainerName= of the container file does that, at its next start",
  restart: "systemctl restart does that",
  reload: "systemctl reload, or systemctl daemon-reload after a change of files",
  rm: "a container goes when it ends; berth stop ends it",
  save: "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  stats: "systemd-cgtop shows that",
  status: "systemctl status does that",
  system: "berth image prune, berth volume prune and berth network prune remove what is unused",
  top: "systemctl status and systemd-cgls show that",
  unpause: "systemctl thaw does that",
  update: "systemctl set-property changes limits",
  version: "berth --version",
  wait: "systemctl start --wait does that",
};

/** The error for an unknown command. */
export function unknownCommand(word: string, commands: readonly string[]): CommandError {
  const instead = Object.hasOwn(INSTEAD, word) ? INSTEAD[word] : undefined;
  const near = closest(word, commands);
  const hint = instead ?? (near === undefined ? "see berth --help" : `did you mean "${near}"?`);
  return new CommandError(`unknown command "${word}" (${hint})`, USAGE_EXIT_CODE);
}

/**
 * Commander's error in berth's form: one line, lower case, double quotes, and a pointer to the help where commander
 * suggests nothing. `command` is the called command, "" for none.
 */
export function usageError({ message }: CommanderError, command: string): CommandError {
  const text = message
    .replace(/^error: /, "")
    .replace(/^option '(?:-\w, )?(--[\w-]+)(?: <.+>)?' argument '(.*)' is invalid\. (.)/, (_, name, value, first) => {
      return `${name} ${value}: ${first.toLowerCase()}`;
    })
    .replace(/^option '(?:-\w, )?(--[\w-]+)(?: <.+>)?' argument missing$/, "$1 needs a value")
    .replace(
      /^too many arguments for '\S+'\. Expected (\d+) arguments? but got (\d+)\.$/,
      "arguments: $1 expected, $2 given",
    )
    .replace(/^(missing required argument) '(.+)'$/, (_, what, name) => `${what} ${name.toUpperCase()}`)
    .replace(/\n\(Did you mean (.+)\?\)$/, " (did you mean $1?)")
    .replace(/\.$/, "")
    .replace(/'/g, '"');
  const hint = text.includes("did you mean") ? "" : ` (see berth ${command === "" ? "" : `${command} `}--help)`;
  return new CommandError(`${text}${hint}`, USAGE_EXIT_CODE);
}
