import { passesOn, splitEnvironment } from "../../options/values/command.ts";
import { DEFAULT_PATH, PROXY_VARIABLES } from "../spec/defaults.ts";

export interface EnvironmentInput {
  /** `NAME=VALUE` lines of the image's config. */
  readonly image: readonly string[];
  /** berth's own environment: the unit's. */
  readonly host: Readonly<Record<string, string | undefined>>;
  readonly passHost: boolean;
  /** Contents of the environment files, in order. */
  readonly files: readonly string[];
  /** `NAME=VALUE`, `NAME`, `PREFIX*`. */
  readonly assignments: readonly string[];
  readonly home: string;
  readonly hostname: string;
  readonly tty: boolean;
  /** Variables that berth sets for the payload (NOTIFY_SOCKET, LISTEN_FDS); nothing overrides them. */
  readonly own: Readonly<Record<string, string>>;
}

/**
 * Variables between systemd and the launcher, or for the launcher alone. A container that gets "the host's environment"
 * does not get these.
 */
const NEVER_PASSED = new Set([
  "BERTH_USER_NAMESPACE",
  "LISTEN_FDS",
  "LISTEN_FDNAMES",
  "LISTEN_PID",
  "LISTEN_PIDFDID",
  "MAINPID",
  "MANAGERPID",
  "NOTIFY_SOCKET",
  "SYSTEMD_EXEC_PID",
  "WATCHDOG_PID",
]);

/**
 * The payload's environment. Later sources win: defaults, image, proxy settings, host, environment files, assignments;
 * HOME and HOSTNAME only fill gaps.
 */
export function payloadEnvironment(input: EnvironmentInput): string[] {
  const env = new Map<string, string>([["PATH", DEFAULT_PATH]]);
  if (input.tty) env.set("TERM", "xterm");
  env.set("container", "oci");
  const passOn = (name: string) => {
    const value = input.host[name];
    if (value !== undefined && !NEVER_PASSED.has(name)) env.set(name, value);
  };
  const assign = (text: string) => {
    const word = splitEnvironment(text);
    if ("value" in word) {
      if (word.name !== "") env.set(word.name, word.value);
    } else if ("passed" in word) passOn(word.passed);
    else for (const name of Object.keys(input.host)) if (passesOn(word, name)) passOn(name);
  };
  for (const text of input.image) if (text.includes("=")) assign(text);
  for (const name of PROXY_VARIABLES) passOn(name);
  if (input.passHost) for (const name of Object.keys(input.host)) passOn(name);
  for (const file of input.files) for (const text of environmentFileLines(file)) assign(text);
  for (const text of input.assignments) assign(text);
  if (!env.has("HOSTNAME")) env.set("HOSTNAME", input.hostname);
  if (!env.has("HOME")) env.set("HOME", input.home);
  for (const [name, value] of Object.entries(input.own)) env.set(name, value);
  return [...env].map(([name, value]) => `${name}=${value}`);
}

/**
 * The assignments in an environment file of podman's and docker's form: each line is a literal `NAME=VALUE` or `NAME`,
 * without quotes or escapes. Leading white space is dropped, and lines that begin with `#` are comments.
 */
function environmentFileLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/\r$/, "").trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
