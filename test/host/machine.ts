import type { Suite } from "./root.ts";

/** What a command in a machine printed, and how it ended (128 + n for signal n). */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface RunOptions {
  /**
   * A user of the machine, with the environment of a user's shell (HOME, XDG_RUNTIME_DIR, the user bus); root if left
   * out.
   */
  readonly user?: string;
  /** Added to the clean environment that every command starts with. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** Milliseconds, 60 000 if left out; the command is killed after it. */
  readonly timeout?: number;
  /** Sets the audit loginuid of the command, as a login would have done; it is unset if left out. */
  readonly loginuid?: number;
}

/** How a command is run once one is inside. */
export interface Inside {
  readonly uid: number;
  readonly cwd: string;
  /** The command behind env(1) and setpriv(1). */
  readonly argv: readonly string[];
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The users that commands can be run as. */
const UIDS: Readonly<Record<string, number>> = { root: 0, alice: 1000 };

/** A Debian machine that runs systemd, as tests see it: in namespaces (Host) or in an emulator (Vm). */
export abstract class Machine {
  abstract readonly suite: Suite;

  /** Runs a command in the machine to its end, whatever its exit code. */
  abstract run(argv: readonly string[], options?: RunOptions): Promise<Result>;

  /** Writes a file of the machine, with its folders. */
  abstract write(inside: string, text: string | Uint8Array, mode?: number): Promise<void>;

  /** A command as its user, with a clean environment. */
  protected inside(argv: readonly string[], options: RunOptions): Inside {
    const user = options.user ?? "root";
    const uid = UIDS[user];
    if (uid === undefined) throw new Error(`the machine has no user ${user}`);
    const home = uid === 0 ? "/root" : `/home/${user}`;
    const env: Record<string, string> = {
      PATH,
      LANG: "C.UTF-8",
      HOME: home,
      USER: user,
      LOGNAME: user,
      SHELL: "/bin/bash",
      ...(uid === 0
        ? {}
        : { XDG_RUNTIME_DIR: `/run/user/${uid}`, DBUS_SESSION_BUS_ADDRESS: `unix:path=/run/user/${uid}/bus` }),
      ...options.env,
    };
    const lowered = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--init-groups", "--inh-caps=-all", "--"];
    return {
      uid,
      cwd: options.cwd ?? env.HOME ?? "/",
      argv: [
        ...["env", "-i", ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
        ...(uid === 0 ? [] : lowered),
        ...argv,
      ],
    };
  }

  /** Runs a command that must succeed, and returns its stdout without the last line break. */
  async ok(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(argv, options);
    if (result.exitCode !== 0) {
      let said = `${result.stdout}${result.stderr}`.trim().slice(-4000);
      // Why a unit did not start is in the journal only.
      if (argv[0] === "systemctl") said += `\n${(await this.run(["journalctl", "--quiet", "--lines=40"])).stdout}`;
      throw new Error(`in the ${this.suite} machine: ${argv.join(" ")}: exit code ${result.exitCode}\n${said}`);
    }
    return result.stdout.replace(/\n$/, "");
  }

  /** Runs a shell script that must succeed (`set -eu`), and returns its stdout. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    return this.ok(["bash", "-euc", script], options);
  }

  /** The journal's entries for a unit, message lines only. */
  async journal(unit: string): Promise<string> {
    await this.run(["journalctl", "--sync"]);
    return this.ok(["journalctl", "--no-pager", "--output=cat", `--unit=${unit}`]);
  }

  /**
   * What `systemctl status` tells of a unit (a user's, if one is given), with all that has been logged of it so far.
   */
  async statusOf(unit: string, options: { readonly user?: string; readonly lines?: number } = {}): Promise<string> {
    const { user = "root", lines = 10 } = options;
    await this.run(["journalctl", "--sync"]);
    const scope = user === "root" ? "--system" : "--user";
    return (await this.run(["systemctl", scope, "status", "--full", "--no-pager", `--lines=${lines}`, unit], { user }))
      .stdout;
  }

  /**
   * Runs a command in a login session of its own, opened by PAM as sshd would: with a session scope, and with the audit
   * loginuid set by pam_loginuid.
   */
  async login(
    user: string,
    argv: readonly string[],
    options: Omit<RunOptions, "user" | "loginuid"> = {},
  ): Promise<Result> {
    const env = Object.entries(options.env ?? {}).map(([key, value]) => `--setenv=${key}=${value}`);
    return this.run(
      [
        ...["systemd-run", "--quiet", "--pipe", "--wait", "--collect", `--uid=${user}`],
        ...["-p", "PAMName=test-login", ...env, "--", ...argv],
      ],
      options,
    );
  }
}
