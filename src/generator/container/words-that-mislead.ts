import { quoted } from "../../options/values/check.ts";
import { scanVariables } from "../../unit/specifier.ts";
import type { ContainerContext } from "../making/context.ts";
import type { Value } from "../reading/report.ts";

/** What a shell would act on, and what a program without one gets as an argument. */
const SHELL_WORDS: ReadonlySet<string> = new Set(["&&", "||", "|", ">", ">>", "<", "&", "2>", "2>&1", "|&", "&>"]);

/** Variables that systemd sets for commands of services, systemd.exec(5), "Environment variables". */
const SET_BY_SYSTEMD: ReadonlySet<string> = new Set(
  (
    "PATH LANG LC_ALL USER LOGNAME HOME SHELL INVOCATION_ID XDG_RUNTIME_DIR RUNTIME_DIRECTORY STATE_DIRECTORY " +
    "CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY CREDENTIALS_DIRECTORY MAINPID MANAGERPID SYSTEMD_EXEC_PID " +
    "LISTEN_FDS LISTEN_PID LISTEN_FDNAMES NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC JOURNAL_STREAM MEMORY_PRESSURE_WATCH " +
    "REMOTE_ADDR REMOTE_PORT DBUS_SESSION_BUS_ADDRESS"
  ).split(" "),
);

/** Warns of words of `Exec=` that only a shell understands: there is none. */
export function warnOfShellWords(words: readonly Value[], { report }: ContainerContext): void {
  for (const word of words) {
    if (!SHELL_WORDS.has(word.text)) continue;
    const message = `no shell runs this, so ${quoted(word.text)} is an argument like any other`;
    report.value(
      word,
      { code: "no-shell", message, hint: "write sh -c 'COMMANDS' if the image has a shell" },
      "warning",
    );
  }
}

/**
 * Warns of variables in `[Container]` that nothing in the file sets: systemd puts nothing in their place. They may come
 * from files and from the manager's own environment, if `[Service]` says so.
 */
export function warnOfUnsetVariables({ parsed, service, report, options }: ContainerContext): void {
  if (service.has("EnvironmentFile") || service.has("PassEnvironment") || options.scope === "user") return;
  const lines = parsed.sections.get("Service")?.get("Environment") ?? [];
  const set = assignedIn(lines.map(({ value }) => value));
  for (const entries of parsed.sections.get(parsed.type.section)?.values() ?? []) {
    for (const entry of entries) {
      if (!entry.value.includes("$")) continue;
      for (const word of entry.value.matchAll(/\S+/g)) {
        for (const { kind, name, offset } of scanVariables(word[0].replace(/^["']/, ""))) {
          if (kind !== "variable" || set.has(name) || SET_BY_SYSTEMD.has(name) || !/^[A-Za-z_]\w*$/.test(name))
            continue;
          const message = `${entry.key}: nothing in the file sets the variable ${name}, and systemd leaves it out`;
          const hint = `write ${name}= in Environment= of [Service], or $$ for a dollar`;
          report.at(entry, word.index + offset, { code: "unset-variable", message, hint }, "warning");
        }
      }
    }
  }
}

/** The names that `Environment=` assigns. */
function assignedIn(values: readonly string[]): ReadonlySet<string> {
  return new Set(values.flatMap((value) => [...value.matchAll(/(?:^|[\s"'])(\w+)=/g)].map(([, name = ""]) => name)));
}
