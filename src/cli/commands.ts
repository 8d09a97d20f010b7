import type { CommandEntry, CommandGroup, CommandTable } from "./program/command-table.ts";

const GROUPS: readonly CommandGroup[] = [
  { name: "image", summary: "Pull, list and remove images" },
  { name: "network", summary: "Make, list and remove networks" },
  { name: "volume", summary: "Make, list, fill and remove volumes" },
  { name: "pod", summary: "Pods: containers that share a network" },
];

/** A command and its module; only `setup` is given without. */
type Row = Omit<CommandEntry, "load"> & Partial<Pick<CommandEntry, "load">>;

const ROWS: readonly Row[] = [
  { name: "run", summary: "Run a container", runsCommand: true, load: () => import("./container/run.ts") },
  {
    name: "exec",
    summary: "Run another command in a running container",
    runsCommand: true,
    load: () => import("./container/exec.ts"),
  },
  { name: "ps", summary: "List containers", load: () => import("./container/ps.ts") },
  { name: "start", summary: "Start services", load: () => import("./container/start.ts") },
  { name: "stop", summary: "Stop containers", load: () => import("./container/stop.ts") },
  { name: "logs", summary: "Show what a container printed", load: () => import("./container/logs.ts") },
  {
    name: "inspect",
    summary: "Show what is known of containers and images",
    load: () => import("./container/inspect.ts"),
  },
  { name: "setup", summary: "Install berth on this machine" },
  {
    name: "socket-proxy",
    summary: "Carry a socket's connections into a container",
    hidden: true,
    load: () => import("./units/socket-proxy.ts"),
  },
  {
    name: "network-namespace",
    summary: "Run what a user's bridge networks need",
    hidden: true,
    load: () => import("./network/network-namespace.ts"),
  },
  {
    name: "hand-on-notifications",
    summary: "Hand a payload's notifications on to systemd",
    hidden: true,
    load: () => import("./units/hand-on-notifications.ts"),
  },
  { name: "cleanup", summary: "Clear away what a container left behind", load: () => import("./units/cleanup.ts") },
  {
    name: "stop-payload",
    summary: "Stop a unit's payload with its image's signal",
    hidden: true,
    load: () => import("./units/stop-payload.ts"),
  },
  { name: "generate", summary: "Show the units that Quadlet files make", load: () => import("./units/generate.ts") },
  { name: "check", summary: "Check Quadlet files for errors", load: () => import("./units/check.ts") },
  { name: "rescan", summary: "Reload systemd if Quadlet files have changed", load: () => import("./units/rescan.ts") },
  { name: "refuse", summary: "Fail with the errors of a file", hidden: true, load: () => import("./units/refuse.ts") },
  { name: "pull", summary: "Pull images from registries", load: () => import("./image/pull.ts") },
  { name: "images", summary: "List the images in the store", load: () => import("./image/images.ts") },
  { name: "rmi", summary: "Remove images", load: () => import("./image/rmi.ts") },
  { name: "load", summary: "Load images from an archive", load: () => import("./image/load.ts") },
  { name: "pod create", summary: "Make a pod, as its service does", load: () => import("./pod/pod-create.ts") },
  {
    name: "pod exit",
    summary: "Stop a pod of which no container runs",
    hidden: true,
    load: () => import("./pod/pod-exit.ts"),
  },
  { name: "pod start", summary: "Start pods", load: () => import("./pod/pod-start.ts") },
  { name: "pod stop", summary: "Stop pods and their containers", load: () => import("./pod/pod-stop.ts") },
  { name: "pod rm", summary: "Remove pods", load: () => import("./pod/pod-rm.ts") },
  { name: "pod ls", summary: "List pods", aliases: ["ps", "list"], load: () => import("./pod/pod-ls.ts") },
  { name: "pod inspect", summary: "Show what is known of pods", load: () => import("./pod/pod-inspect.ts") },
  {
    name: "pod exists",
    summary: "Tell whether there is a pod",
    load: async () => (await import("./units/exists.ts")).podExists,
  },
  { name: "image pull", summary: "Pull images", sameAs: "pull", load: () => import("./image/pull.ts") },
  {
    name: "image ls",
    summary: "List the images in the store",
    sameAs: "images",
    aliases: ["list"],
    load: () => import("./image/images.ts"),
  },
  {
    name: "image rm",
    summary: "Remove images",
    sameAs: "rmi",
    aliases: ["remove"],
    load: () => import("./image/rmi.ts"),
  },
  { name: "image load", summary: "Load images from an archive", sameAs: "load", load: () => import("./image/load.ts") },
  { name: "image inspect", summary: "Show what is known of images", load: () => import("./image/image-inspect.ts") },
  {
    name: "image exists",
    summary: "Tell whether there is an image",
    load: async () => (await import("./units/exists.ts")).imageExists,
  },
  { name: "image prune", summary: "Remove unused images", load: () => import("./image/image-prune.ts") },
  { name: "network create", summary: "Make a network", load: () => import("./network/network-create.ts") },
  { name: "network ls", summary: "List networks", aliases: ["list"], load: () => import("./network/network-ls.ts") },
  {
    name: "network inspect",
    summary: "Show what is known of networks",
    load: () => import("./network/network-inspect.ts"),
  },
  {
    name: "network exists",
    summary: "Tell whether there is a network",
    load: async () => (await import("./units/exists.ts")).networkExists,
  },
  {
    name: "network rm",
    summary: "Remove networks",
    aliases: ["remove"],
    load: () => import("./network/network-rm.ts"),
  },
  {
    name: "network reload",
    summary: "Put back firewall rules of networks",
    load: () => import("./network/network-reload.ts"),
  },
  { name: "network prune", summary: "Remove unused networks", load: () => import("./network/network-prune.ts") },
  { name: "volume create", summary: "Make a volume", load: () => import("./volume/volume-create.ts") },
  { name: "volume ls", summary: "List volumes", aliases: ["list"], load: () => import("./volume/volume-ls.ts") },
  {
    name: "volume inspect",
    summary: "Show what is known of volumes",
    load: () => import("./volume/volume-inspect.ts"),
  },
  {
    name: "volume exists",
    summary: "Tell whether there is a volume",
    load: async () => (await import("./units/exists.ts")).volumeExists,
  },
  { name: "volume rm", summary: "Remove volumes", aliases: ["remove"], load: () => import("./volume/volume-rm.ts") },
  { name: "volume prune", summary: "Remove unused volumes", load: () => import("./volume/volume-prune.ts") },
  {
    name: "volume export",
    summary: "Write a volume's content to a tar archive",
    load: () => import("./volume/volume-export.ts"),
  },
  {
    name: "volume import",
    summary: "Add the files of a tar archive to a volume",
    load: () => import("./volume/volume-import.ts"),
  },
  { name: "volume mount", summary: "Mount volumes on the host", load: () => import("./volume/volume-mount.ts") },
  {
    name: "volume unmount",
    summary: "Unmount volumes",
    aliases: ["umount"],
    load: () => import("./volume/volume-unmount.ts"),
  },
  { name: "verify", summary: "Check that the store is sound", load: () => import("./image/verify.ts") },
  {
    name: "complete",
    summary: "Print names for shell completion",
    hidden: true,
    load: () => import("./program/complete.ts"),
  },
];

/**
 * Every command of berth, in the order of `berth --help`. `setup` installs the manual and the completion, which are
 * made from this very table: its module is above this room, and handed in.
 */
export function commandTable(setup: CommandEntry["load"]): CommandTable {
  return { groups: GROUPS, commands: ROWS.map((row) => ({ load: setup, ...row })) };
}
