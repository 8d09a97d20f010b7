import { join } from "node:path";

/**
 * Whose berth this is: the machine's, or one user's. It is chosen once at the edge and passed in; nothing further
 * inside asks for the uid or reads these environment variables again.
 */
export interface Scope {
  readonly kind: "system" | "user";
  /** Numeric user id that the scope belongs to; 0 for the system. */
  readonly uid: number;
  /** Kept over reboots: images, layers, volumes, containers' upper layers. */
  readonly stateDir: string;
  /** Gone at reboot (a tmpfs): bundles, records of running containers, address leases. */
  readonly runtimeDir: string;
  /** berth.conf and berth.conf.d, in order of precedence, first wins. */
  readonly configDirs: readonly string[];
}

/** The system's scope. `root` lets tests and `berth setup --root` look at another tree. */
export function systemScope(root = "/"): Scope {
  return {
    kind: "system",
    uid: 0,
    stateDir: join(root, "var/lib/berth"),
    runtimeDir: join(root, "run/berth"),
    configDirs: [join(root, "etc/berth"), join(root, "run/berth/config"), join(root, "usr/lib/berth")],
  };
}

/**
 * A user's scope, after the XDG base directory specification.
 * `env` is the user's environment; `home` stands in where HOME is not set (the home directory of the user database).
 */
export function userScope(uid: number, env: Readonly<Record<string, string | undefined>>, home: string): Scope {
  const homeDir = env.HOME || home;
  const dataHome = env.XDG_DATA_HOME || join(homeDir, ".local/share");
  const configHome = env.XDG_CONFIG_HOME || join(homeDir, ".config");
  const runtimeHome = env.XDG_RUNTIME_DIR || `/run/user/${uid}`;
  return {
    kind: "user",
    uid,
    stateDir: join(dataHome, "berth"),
    runtimeDir: join(runtimeHome, "berth"),
    configDirs: [join(configHome, "berth"), "/etc/berth", "/usr/lib/berth"],
  };
}
