/** A variable that takes effect on berth's executable itself, and the reason to keep it out of a unit's environment. */
export interface ObeyedVariable {
  readonly name: string;
  readonly reason: string;
}

/**
 * Environment variables that take effect in every program that Bun compiles (the build takes the worst out of the
 * executable as well), and those of the dynamic loader. A service's environment comes from many places (the manager's,
 * EnvironmentFile=, `systemctl set-environment`) and is meant for the payload: it must not take over berth, which runs
 * as root. Generated units remove these variables with UnsetEnvironment=, which systemd applies last.
 */
export const OBEYED_VARIABLES: readonly ObeyedVariable[] = [
  { name: "BUN_OPTIONS", reason: "command-line options, --preload=FILE among them: runs any code" },
  { name: "BUN_BE_BUN", reason: "turns the executable into the plain bun command" },
  { name: "BUN_INSPECT", reason: "opens a debugger's port, which can run any code" },
  { name: "BUN_INSPECT_CONNECT_TO", reason: "connects to a debugger" },
  { name: "BUN_INSPECT_NOTIFY", reason: "tells a debugger of the start" },
  { name: "BUN_INSPECT_PRELOAD", reason: "loads a file for the debugger: runs any code" },
  { name: "BUN_JSC_functionOverrides", reason: "a file that replaces code" },
  { name: "BUN_BYTECODE_ORDER_OUT", reason: "a file to write to" },
  { name: "BUN_CONFIG_VERBOSE_FETCH", reason: "prints requests with their credentials" },
  { name: "BUN_RUNTIME_TRANSPILER_CACHE_PATH", reason: "a cache of code, read and written" },
  { name: "NODE_CHANNEL_FD", reason: "takes a file descriptor for a parent's messages" },
  { name: "NODE_TLS_REJECT_UNAUTHORIZED", reason: "turns the check of registries' certificates off" },
  { name: "LD_PRELOAD", reason: "libraries loaded into berth, runc and the other programs it runs: any code" },
  { name: "LD_AUDIT", reason: "the same" },
  { name: "LD_LIBRARY_PATH", reason: "the same" },
];

/** The UnsetEnvironment= of every unit that runs berth. */
export const UNSET_ENVIRONMENT = OBEYED_VARIABLES.map(({ name }) => name).join(" ");
