import { existsSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Subprocess } from "bun";
import { chooseRuntime, DIST_BERTH, installBerth } from "../host/host.ts";
import { Machine, type Result, type RunOptions } from "../host/machine.ts";
import { REGISTRY_COMMAND, REGISTRY_CONFIG, REGISTRY_DATA, sampleData } from "../host/registry.ts";
import { cacheDir, entriesOf, runHere, type Suite } from "../host/root.ts";
import { Agent } from "./agent.ts";
import { bootFiles } from "./disk.ts";

export interface VmOptions {
  readonly suite: Suite;
  /** The registry's data; the sample images if left out. */
  readonly registry?: string;
  /**
   * Adds to the files that are put over the disk's when the machine is new; given the folder that stands for its root.
   */
  readonly prepare?: (files: string) => Promise<void>;
  /** Gives the machine's serial console, with a root shell on it, to this process's terminal. */
  readonly console?: boolean;
}

/**
 * The processor that is emulated. Without cx16, as the emulation of CMPXCHG16B by QEMU 7.2 loses the flags, and with
 * them Linux 6.12. The others are left out for their cost, together a quarter of the time: five levels of page tables
 * (la57), string instructions for which the kernel gives up its loops, and which are emulated byte by byte (erms,
 * fsrm), and instructions around every access to a process's memory (smap, smep).
 */
const CPU = "max,cx16=off,la57=off,erms=off,fsrm=off,smap=off,smep=off";

/** An emulated processor is about twenty times slower than a real one, and the test shares that with others. */
const BOOT_TIMEOUT = 240_000;
const RUN_TIMEOUT = 180_000;

/**
 * A Debian machine with a kernel of its own, in an emulator: cgroup v2 with all its controllers, reboots, power cuts.
 * Its disk outlives all that, until close().
 */
/** How often a machine is booted at most. */
const BOOTS = 3;
/** A breakpoint instruction that the kernel had put there for a moment, while it changed its own code. */
const EMULATORS_FAULT = /Oops: int3: .*Comm: swapper.*Kernel panic/s;

export class Vm extends Machine {
  #emulator: Subprocess | undefined;
  #agent: Agent | undefined;

  private constructor(
    readonly suite: Suite,
    private readonly dir: string,
    private readonly withConsole: boolean,
  ) {
    super();
  }

  /**
   * A machine with dist/berth as a person would install it, and a registry with the sample images at 127.0.0.1:5000
   * that starts at every boot. Needs root.
   */
  static async create(options: VmOptions): Promise<Vm> {
    await sweep();
    const { disk } = await bootFiles(options.suite);
    const dir = join(vmsDir(), `berth-vm-${process.pid}-${Math.random().toString(36).slice(2, 8)}`);
    const files = join(dir, "files");
    await mkdir(files, { recursive: true });
    const vm = new Vm(options.suite, dir, options.console ?? false);
    try {
      // A copy: tar fails when the number of a file's hard links changes, as it does when another lane installs berth.
      await copyFile(DIST_BERTH, join(dir, "berth"));
      await installBerth(files, join(dir, "berth"));
      await chooseRuntime(files);
      await addRegistry(files, options.registry ?? (await sampleData()));
      await options.prepare?.(files);
      // Read in the machine as it stands, from a second disk; a raw disk is a whole number of sectors, as a tar file
      // is.
      await runHere(["tar", "--create", "--file", join(dir, "files.tar"), "--directory", files, "."]);
      await rm(files, { recursive: true });
      await runHere(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk, join(dir, "disk.qcow2")]);
      await vm.boot();
      await vm.sh(
        "tar -x --no-overwrite-dir -f /dev/vdb -C /; systemctl daemon-reload; systemctl start test-registry; sync",
      );
      return vm;
    } catch (error) {
      await vm.close();
      throw error;
    }
  }

  /**
   * Switches the machine on, and waits until its start-up is over. The emulator's processors do not always see each
   * other's changes of code in time: a kernel that panics for that, long before the first process, is booted again.
   */
  async boot(): Promise<void> {
    for (let left = BOOTS - 1; ; left--) {
      try {
        await this.#switchOn();
        break;
      } catch (error) {
        if (left === 0 || !EMULATORS_FAULT.test(`${error}`)) throw error;
        process.stderr.write(`the emulator's processors disagreed; the ${this.suite} machine is booted again\n`);
      }
    }
    await this.run(["systemctl", "is-system-running", "--wait"]);
  }

  async #switchOn(): Promise<void> {
    if (this.#emulator !== undefined) throw new Error("the machine is on");
    const { kernel, initrd } = await bootFiles(this.suite);
    const socket = join(this.dir, "agent");
    await rm(socket, { force: true });
    const said = this.withConsole ? "inherit" : Bun.file(join(this.dir, "emulator.log"));
    // The program goes with the test process, however that ends.
    const emulator = Bun.spawn(["setpriv", "--pdeathsig", "KILL", ...this.#command(kernel, initrd, socket)], {
      stdin: this.withConsole ? "inherit" : "ignore",
      stdout: said,
      stderr: said,
    });
    this.#emulator = emulator;
    try {
      this.#agent = await Agent.connect(socket, emulator, BOOT_TIMEOUT);
    } catch (error) {
      await this.powerCut();
      throw new Error(`the ${this.suite} machine did not start: ${await this.console()}`, { cause: error });
    }
  }

  #command(kernel: string, initrd: string, socket: string): string[] {
    // A processor that is not run for a while is no fault of the kernel. A panic ends the emulator, as there is no
    // reboot.
    const parameters =
      "root=/dev/vda rw console=ttyS0 quiet mitigations=off net.ifnames=0 no_timer_check nowatchdog panic=-1";
    const drive = (file: string, format: string, more = "") =>
      `if=virtio,format=${format},file=${join(this.dir, file)}${more}`;
    return [
      ...["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35"],
      // Not KVM: a nested one may open and then fail under way, and the tests shall be the same everywhere.
      ...["-accel", "tcg,thread=multi", "-cpu", CPU, "-smp", "2", "-m", "2G"],
      ...["-kernel", kernel, "-initrd", initrd, "-no-reboot"],
      ...["-append", this.withConsole ? `${parameters} systemd.debug_shell=ttyS0` : parameters],
      ...["-drive", drive("disk.qcow2", "qcow2"), "-drive", drive("files.tar", "raw", ",readonly=on")],
      ...["-device", "virtio-rng-pci", "-device", "virtio-serial"],
      ...["-chardev", `socket,id=agent,path=${socket},server=on,wait=off`],
      ...["-device", "virtserialport,chardev=agent,name=agent"],
      ...["-serial", this.withConsole ? "mon:stdio" : `file:${join(this.dir, "console.log")}`],
    ];
  }

  /** The last words on the machine's console. */
  async console(): Promise<string> {
    const text = await Bun.file(join(this.dir, "console.log"))
      .text()
      .catch(() => "");
    return text.slice(-4000);
  }

  override async run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
    if (this.#agent === undefined) throw new Error("the machine is off");
    const { cwd, argv: inner } = this.inside(argv, options);
    const limit = options.timeout ?? RUN_TIMEOUT;
    const words = ["timeout", "--signal=KILL", String(limit / 1000), ...inner];
    const loginuid = options.loginuid === undefined ? [] : [`echo ${options.loginuid} > /proc/self/loginuid`];
    const script = [`cd ${quote(cwd)}`, ...loginuid, `exec ${words.map(quote).join(" ")}`].join(" && ");
    try {
      return await this.#agent.run(script, options.input ?? "", limit + 30_000);
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`in the ${this.suite} machine: ${argv.join(" ")}: ${message}\n${await this.console()}`, {
        cause,
      });
    }
  }

  override async write(inside: string, text: string | Uint8Array, mode = 0o644): Promise<void> {
    const folder = quote(dirname(inside));
    await this.sh(`mkdir -p ${folder}; cat > ${quote(inside)}; chmod ${mode.toString(8)} ${quote(inside)}`, {
      input: text,
    });
  }

  /** Shuts the machine down as `systemctl reboot` does, and switches it on again. */
  async reboot(): Promise<void> {
    await this.run(["systemctl", "reboot"]).catch(() => undefined);
    const over = await Promise.race([this.#emulator?.exited, Bun.sleep(RUN_TIMEOUT).then(() => "late")]);
    if (over === "late") throw new Error(`the ${this.suite} machine did not shut down: ${await this.console()}`);
    this.#off();
    await this.boot();
  }

  /** Ends the machine between two instructions: what it has not flushed to its disk is lost. */
  async powerCut(): Promise<void> {
    this.#emulator?.kill("SIGKILL");
    await this.#emulator?.exited;
    this.#off();
  }

  #off(): void {
    this.#agent?.close();
    this.#agent = undefined;
    this.#emulator = undefined;
  }

  /** Waits until whoever has the console ends the emulator. */
  async ended(): Promise<void> {
    await this.#emulator?.exited;
  }

  /** Ends the machine and removes its disk. */
  async close(): Promise<void> {
    await this.powerCut();
    await rm(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** One word of a shell's command line. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function vmsDir(): string {
  return join(cacheDir(), "vms");
}

/** Removes the disks of machines whose test process was killed. */
async function sweep(): Promise<void> {
  for (const name of await entriesOf(vmsDir())) {
    const owner = Number(name.split("-")[2]);
    if (!existsSync(`/proc/${owner}`)) await rm(join(vmsDir(), name), { recursive: true, force: true });
  }
}

/** Debian's docker-registry with images, as a service of the machine. */
async function addRegistry(files: string, images: string): Promise<void> {
  const data = join(files, REGISTRY_DATA);
  await mkdir(data, { recursive: true });
  await runHere(["cp", "-a", `${images}/.`, data]);
  await Bun.write(join(files, "etc/docker/registry/test.yml"), REGISTRY_CONFIG);
  const unit = "etc/systemd/system/test-registry.service";
  await Bun.write(
    join(files, unit),
    `[Service]\nExecStart=${REGISTRY_COMMAND.join(" ")}\n[Install]\nWantedBy=multi-user.target\n`,
  );
  const wanted = join(files, "etc/systemd/system/multi-user.target.wants");
  await mkdir(wanted, { recursive: true });
  await runHere(["ln", "-s", `/${unit}`, wanted]);
}
