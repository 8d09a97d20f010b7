import type { CommanderError } from "commander";
import { closest, editDistance } from "../../suggest.ts";
import { CommandError } from "./command.ts";

/** podman's exit code for a wrong command line. */
export const USAGE_EXIT_CODE = 125;

/** Commands of podman and docker that berth lacks, with the command that does the same. */
export const INSTEAD: Readonly<Record<string, string>> = {
  attach: "berth logs --follow shows what a container prints, berth exec runs a shell in it",
  artifact: "skopeo and oras handle artifacts",
  "auto-update": "berth pull and systemctl restart do that",
  build: "buildah or podman build an image, berth load takes it",
  commit: "buildah makes images",
  compose: "container files do that: one .container file a service, see berth.unit(5)",
  container: "leave that word out: berth ps, berth inspect, berth exec, berth stop",
  cp: "tar does that, through berth exec: berth exec web tar c /etc | tar x",
  create: "a container file and systemctl daemon-reload do that; berth run --detach starts at once",
  diff: "skopeo and umoci compare images",
  df: "du -sh /var/lib/berth/* shows that",
  enable: "[Install] of the container file is what enables it",
  events: "journalctl --follow shows what starts and stops",
  export: "tar does that, through berth exec: berth exec web tar c /",
  history: "skopeo inspect --config shows that",
  import: "buildah or skopeo make an image, berth load takes it",
  info: "berth --version, and systemctl status",
  kill: "systemctl kill does that",
  kube: "container and pod files do that, see berth.unit(5)",
  "image build": "buildah or podman build an image, berth load takes it",
  "image diff": "skopeo and umoci compare images",
  "image history": "skopeo inspect --config shows that",
  "image import": "buildah or skopeo make an image, berth load takes it",
  "image mount": "berth run with --mount type=image shows an image's files",
  "image push": "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  "image save": "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  "image scp": "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  "image search": "skopeo list-tags lists a repository's tags",
  "image sign": "skopeo and cosign sign images",
  "image tag": "skopeo copy does that, in the store's OCI layout in /var/lib/berth/images",
  "image tree": "skopeo inspect shows an image's layers",
  "image trust": "podman image trust writes policy.json",
  "image unmount": "an image is mounted only as long as its containers run",
  "image untag": "berth rmi removes a name",
  login: "credentials of podman login, skopeo login and docker login are used",
  logout: "podman logout, skopeo logout and docker logout do that",
  machine: "berth needs no virtual machine",
  manifest: "buildah manifest does that",
  mount: "a running container's files are below /proc/PID/root; berth inspect shows the PID",
  "network connect": "Network= of the container file does that, at its next start",
  "network disconnect": "Network= of the container file does that, at its next start",
  "network update": "DNS= of the network file does that, for a network that is made anew",
  pause: "systemctl freeze does that",
  play: "container and pod files do that, see berth.unit(5)",
  "pod clone": "a copy of the pod file does that",
  "pod kill": "systemctl kill does that, of the pod's containers",
  "pod logs": "journalctl --unit does that, of the pod's containers",
  "pod pause": "systemctl freeze does that, of the pod's containers",
  "pod prune": "a pod is there only as long as its service is active",
  "pod restart": "systemctl restart does that, of the pod's service",
  "pod stats": "systemd-cgtop shows that",
  "pod top": "systemctl status and systemd-cgls show that",
  "pod unpause": "systemctl thaw does that, of the pod's containers",
  port: "berth ps shows that",
  push: "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  quadlet: "put the file in /etc/containers/systemd, berth check and systemctl daemon-reload",
  rename: "ContainerName= of the container file does that, at its next start",
  restart: "systemctl restart does that",
  reload: "systemctl reload, or systemctl daemon-reload after a change of files",
  rm: "leave it out, of units too: a container goes when it ends; berth stop ends it",
  save: "skopeo copy does that, from the store's OCI layout in /var/lib/berth/images",
  search: "skopeo list-tags lists a repository's tags",
  stats: "systemd-cgtop shows that",
  status: "systemctl status does that",
  system: "berth image prune, berth volume prune and berth network prune remove what is unused",
  tag: "skopeo copy does that, in the store's OCI layout in /var/lib/berth/images",
  top: "systemctl status and systemd-cgls show that",
  unmount: "a container's files are mounted only as long as it runs",
  unpause: "systemctl thaw does that",
  update: "systemctl set-property changes limits",
  untag: "berth rmi removes a name",
  version: "berth --version",
  "volume reload": "a volume is a folder and its file, read anew each time",
  "volume update": "a volume is what it was made as; berth volume export and import copy its files to another",
  wait: "systemctl start --wait does that",
};

/** Options of podman stop and docker stop, as they stand in units too, with what does the same. */
const STOP_INSTEAD: Readonly<Record<string, string>> = {
  cidfile: "leave ExecStop= out: systemd stops the container by itself",
  t: "StopTimeout= of the container file, or --stop-timeout of berth run, says how long",
  time: "StopTimeout= of the container file, or --stop-timeout of berth run, says how long",
};

/** Commands that remove or stop things: a guess of one has to be all but certain. */
const DESTRUCTIVE: readonly string[] = ["cleanup", "prune", "remove", "rm", "rmi", "stop"];

/** The error for an unknown command; `word` may be that of a group, `image pul`, as those of `commands` are then. */
export function unknownCommand(word: string, commands: readonly string[]): CommandError {
  const instead = Object.hasOwn(INSTEAD, word) ? INSTEAD[word] : undefined;
  const group = /^.* /.exec(word)?.[0] ?? "";
  const own = (name: string) => name.slice(group.length);
  const near = closest(own(word), commands.filter((name) => name.startsWith(group)).map(own));
  const certain = near !== undefined && (!DESTRUCTIVE.includes(near) || editDistance(own(word), near) === 1);
  const hint = instead ?? (certain ? `did you mean "${group}${near}"?` : "see berth --help");
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
  const option = /^unknown option "-{1,2}([a-z-]+)/.exec(text)?.[1] ?? "";
  if (command === "stop" && Object.hasOwn(STOP_INSTEAD, option))
    return new CommandError(`unknown option in berth stop: ${option} (${STOP_INSTEAD[option]})`, USAGE_EXIT_CODE);
  const hint = text.includes("did you mean") ? "" : ` (see berth ${command === "" ? "" : `${command} `}--help)`;
  return new CommandError(`${text}${hint}`, USAGE_EXIT_CODE);
}
