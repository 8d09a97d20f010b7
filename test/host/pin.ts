/**
 * A program for tests of src/runtime/systemd/pinned-namespaces.ts on a systemd host, where it is a unit's process:
 *
 *   pin keep FILE          makes namespaces, has systemd keep them, writes down which
 *   pin join FILE PROGRAM  runs a program in them, with their tmpfs at /mnt
 */
import { readFileSync, writeFileSync } from "node:fs";
import { makePodNamespaces } from "../../src/runtime/pod/pod-namespaces.ts";
import { type OpenNamespace, openPinned, pinNamespaces } from "../../src/runtime/systemd/pinned-namespaces.ts";
import type { PinnedNamespaces } from "../../src/state/namespace-pins.ts";
import { execve, keepOverExec } from "../../src/system/exec.ts";
import { MS_PRIVATE, MS_REC, mount } from "../../src/system/mount.ts";
import { attachRootOf } from "../../src/system/mount-tree.ts";
import { CLONE_NEWNS, setns, unshare } from "../../src/system/namespaces.ts";
import { identify } from "../../src/system/process-identity.ts";

const [command, file = "", ...program] = process.argv.slice(2);
const userNamespace = process.env.IN_USER_NAMESPACE !== undefined;

if (command === "keep") {
  const made = await makePodNamespaces(
    { net: true, ipc: true, uts: true, user: userNamespace, inner: undefined, hostname: "kept", shmSize: 1024 * 1024 },
    "/mnt",
  );
  const manager = identify(process.ppid);
  if (manager === undefined) throw new Error("no manager");
  writeFileSync(file, JSON.stringify(pinNamespaces(process.env.NOTIFY_SOCKET ?? "", manager, made)));
} else if (command === "join") {
  const namespaces = openPinned(JSON.parse(readFileSync(file, "utf8")) as PinnedNamespaces);
  if (namespaces === undefined) {
    console.log("gone");
    process.exit(3);
  }
  const user = namespaces.find(({ kind }) => kind === "user");
  if (user === undefined) enter(namespaces);
  for (const { fd } of namespaces) keepOverExec(fd);
  const open = JSON.stringify(namespaces);
  execve(
    "/usr/bin/nsenter",
    [
      "nsenter",
      `--user=/proc/self/fd/${user?.fd}`,
      "--preserve-credentials",
      process.execPath,
      "inside",
      open,
      ...program,
    ],
    process.env,
  );
} else if (command === "inside") {
  enter(JSON.parse(file) as OpenNamespace[]);
}

function enter(namespaces: readonly OpenNamespace[]): never {
  unshare(CLONE_NEWNS);
  mount("none", "/", "", MS_REC | MS_PRIVATE);
  for (const { kind, fd } of namespaces) {
    if (kind === "mnt") attachRootOf(fd, "/mnt");
    else if (kind !== "user") setns(fd, 0);
  }
  const [name = ""] = program;
  execve(name, program, process.env);
}
