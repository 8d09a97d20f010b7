import { join } from "node:path";

/**
 * The owner of containers, images and networks: the system or one user. It is chosen once at the edge and passed in; no
 * other code asks for the uid or reads these environment variables.
 */
export interface Scope {
  readonly kind: "system" | "user";
  /** Numeric user id that the scope belongs to; 0 for the system. */
  readonly uid: number;
  /** Directory that survives reboots: images, layers, volumes, containers' upper layers. */
  readonly stateDir: string;
  /** Directory that a reboot empties (a tmpfs): bundles, records of running containers, address leases. */
  readonly runtimeDir: string;
  /** Folders of berth.conf and berth.conf.d, in order of precedence: the first wins. */
  readonly configDirs: readonly string[];
}

/** The system's scope. `root` lets tests and `berth setup --root` use another tree. */
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
