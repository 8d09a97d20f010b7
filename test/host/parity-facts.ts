/** Facts that name one run, and so differ between any two. */
const RUN_NAMES: readonly [RegExp, string][] = [
  // Behind an init, the payload's PID depends on how many threads runc has had.
  [/^pid: (?!1$)\d+$/, "pid: N"],
  [/^session: (?!1 )\d+ /, "session: N "],
  // In a pod's PID namespace it depends on which of the containers is first.
  [/^(session: \S+ )(?!1$)[1-9]\d*$/, "$1N"],
  [/^(environment: INVOCATION_ID=)[0-9a-f]{32}$/, "$1RUN"],
  [/^(environment: JOURNAL_STREAM=)\d+:\d+$/, "$1STREAM"],
  [/^(environment: SYSTEMD_EXEC_PID=)\d+$/, "$1PID"],
  // A shared mount is the host's slave as well where the engine has a mount namespace of its own, as podman has now and
  // then.
  [/^(mounts: .* shared) master$/, "$1"],
  // In a user namespace, device nodes and masked files are slaves of the launcher's mounts for as long as it lives,
  // which may be some milliseconds into the payload's life.
  [/^(mounts: \/(?:dev|proc)\/\w+ tmpfs \S+ mode=755) master$/, "$1"],
  // Of several networks podman takes any, another one each time.
  [/^(hosts: )10\.97\.(?:[23]|1[34])\.1(?=\thost\.containers)/, "$1GATEWAY"],
  [/\b10\.8[78]\.0\.1\b/, "GATEWAY"],
  [/\b10\.8[78]\.\d+\.\d+\b/, "ADDRESS"],
];

/** The mount of a file of the engine's own: where and how, and the room on the file system behind it. */
const OWN_FILE =
  /^mounts: (\/etc\/(?:hosts|hostname|resolv\.conf|localtime)|\/run\/\.containerenv) (tmpfs \S+) (mode=.*)$/;

/** The lines that `show` printed, out of a unit's journal, with what names this one run made the same. */
export function factsOf(journal: string): string[] {
  const lines = journal
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => /^[a-z]+:( |$)/.test(line) && !line.startsWith("perl: "));
  const hostname = lines.find((line) => line.startsWith("hostname: "))?.slice("hostname: ".length);
  const id = hostname !== undefined && /^[0-9a-f]{12}$/.test(hostname) ? hostname : undefined;
  const network = /\b(10\.8[78])\.\d+\.\d+\b/.exec(lines.join("\n"))?.[1];
  const facts = lines.flatMap((line) => {
    const named = id === undefined ? line : line.replace(new RegExp(`\\b${id}\\b`, "g"), "ID");
    const plain = RUN_NAMES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), named);
    const [, path, how, room] = OWN_FILE.exec(plain) ?? [];
    return path === undefined ? [plain] : [`mounts: ${path} ${how}`, `room: ${path} ${room}`];
  });
  return network === undefined ? facts : [...facts, `subnet: ${network}.0.0/16`];
}

/** The lines of `own` that `other` has not, however often each occurs. */
export function missingFrom(other: readonly string[], own: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of other) left.set(line, (left.get(line) ?? 0) + 1);
  return own.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
