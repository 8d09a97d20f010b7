import { valueIn } from "../../options/values/check.ts";
import { parseSignal } from "../../options/values/signal.ts";
import { parseStopTimeout } from "../../options/values/stop-timeout.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import type { CommandLine } from "../making/command-line.ts";
import type { ContainerContext } from "../making/context.ts";
import { HostPaths } from "../making/host-path.ts";
import { addFlags } from "../making/key-flags.ts";
import { reportNoImage } from "../making/missing-image.ts";
import { addNetworks, networkUnits } from "../making/network-flags.ts";
import { checkPodmanArgs } from "../making/podman-args.ts";
import { warnOfShortName } from "../making/short-name.ts";
import { addUserMapping } from "../making/user-mapping.ts";
import { sharedKinds } from "../reading/pod-share.ts";
import type { Value } from "../reading/report.ts";
import { ownName } from "../reading/resource-name.ts";
import { containerOwner } from "./container-owner.ts";
import { addEnvironmentFiles } from "./environment-files.ts";
import { MountFlags } from "./mount-flags.ts";
import { isPodsOwn } from "./pod-container.ts";
import { addCapabilities, addSysctls, addUser } from "./privilege-flags.ts";
import { imageSignal } from "./stopping.ts";
import { reportVariables, warnOfShellWords } from "./words-that-mislead.ts";

/** Keys that are plain flags, in Quadlet's order of command lines, where they stand in three places. */
const FIRST_FLAGS: readonly string[] = [
  ...["Timezone", "ShmSize", "WorkingDir", "IP", "IP6", "HostName", "Pull", "Retry", "RetryDelay"],
  ...["NetworkAlias", "Ulimit", "DNS", "DNSOption", "DNSSearch", "AddHost"],
];
const SWITCHES: readonly string[] = ["RunInit", "EnvironmentHost", "ReadOnlyTmpfs"];
const LAST_FLAGS: readonly string[] = ["ExposeHostPort", "PublishPort", "Environment", "Label", "Annotation"];

/** Keys that are flags, but not plain ones. Any other key whose row names a flag follows {@link LAST_FLAGS}. */
const SPECIAL: readonly string[] = [
  ...["AddCapability", "ContainerName", "DropCapability", "Entrypoint", "EnvironmentFile", "GIDMap", "Mount"],
  ...["Network", "Pod", "ReadOnly", "SubGIDMap", "SubUIDMap", "Sysctl", "Tmpfs", "UIDMap", "User", "UserNS", "Volume"],
];
const PLACED: ReadonlySet<string> = new Set([...FIRST_FLAGS, ...SWITCHES, ...LAST_FLAGS, ...SPECIAL]);

/** The results of a container's keys besides the command line. */
export interface RunCommand {
  /** Lines of `[Unit]` for requirements: mounted host paths, the namespace of a user's bridges. */
  readonly needed: readonly Directive[];
  /** The signal by which the image's payload stops, if the unit says it. */
  readonly imageSignal: string | undefined;
}

/** What the command line depends on besides the file's keys. */
export interface RunSurroundings {
  readonly pod: Value | undefined;
  readonly foreground: boolean;
  /** Whether the unit stops the payload by the signal that its image names. */
  readonly asImage: boolean;
}

/**
 * Adds `berth run`'s flags, the image and the arguments to the command line, in Quadlet's order. Errors in the keys are
 * reported.
 */
export function addRunCommand(
  line: CommandLine,
  context: ContainerContext,
  { pod, foreground, asImage }: RunSurroundings,
): RunCommand {
  return new RunCommandBuilder(line, context, pod).build(foreground, asImage);
}

class RunCommandBuilder {
  readonly #line: CommandLine;
  readonly #context: ContainerContext;
  /** The pod's name. */
  readonly #pod: Value | undefined;
  readonly #paths: HostPaths;
  readonly #mounts: MountFlags;

  constructor(line: CommandLine, context: ContainerContext, pod: Value | undefined) {
    this.#line = line;
    this.#context = context;
    this.#pod = pod;
    this.#paths = new HostPaths(context.parsed);
    this.#mounts = new MountFlags(line, context, this.#paths);
  }

  build(foreground: boolean, asImage: boolean): RunCommand {
    // Most files have few of the keys, and at boot code is slow on its first runs: hence the many has().
    const { container, berth, report, parsed, options } = this.#context;
    const image = this.#image();
    this.#line.plain("run --unit %n --name");
    container.string("ContainerName");
    this.#line.expanded(ownName(parsed));
    this.#entrypoint();
    this.#flags(...FIRST_FLAGS);
    if (container.has("Tmpfs")) this.#mounts.tmpfs();
    this.#flags(...SWITCHES);
    const network = this.#network();
    const notify = this.#notify();
    if (!foreground) this.#line.plain(`--sdnotify=${notify}`).plain("-d");
    const signal = asImage && image !== undefined ? imageSignal(this.#context, image.text) : undefined;
    this.#stopping(signal);
    if (container.boolean("NoNewPrivileges") === true) this.#line.plain("--security-opt=no-new-privileges");
    if (container.has("AddCapability") || container.has("DropCapability")) addCapabilities(this.#line, this.#context);
    if (container.has("Sysctl")) addSysctls(this.#line, this.#context, network);
    this.#flags("ReadOnly");
    if (container.has("VolatileTmp")) this.#mounts.volatileTmp();
    if (container.has("User") || container.has("Group")) addUser(this.#line, this.#context);
    const owner = containerOwner(this.#context);
    addUserMapping(this.#line, container, report, owner !== undefined || options.scope === "user");
    if (owner !== undefined) this.#line.plain("--ids-of").expanded(owner.user);
    if (container.has("Volume")) this.#mounts.volumes();
    this.#flags(...LAST_FLAGS, ...container.flagsBeside(PLACED));
    if (container.has("EnvironmentFile")) addEnvironmentFiles(this.#line, this.#context, this.#paths);
    if (container.has("Mount")) this.#mounts.mounts();
    if (berth.has("LoginUID")) this.#loginUid();
    if (berth.has("Runtime")) addFlags(this.#line, berth, "Runtime");
    if (this.#pod !== undefined) this.#line.plain("--pod").expanded(this.#pod.text);
    if (container.has("PodmanArgs")) this.#podmanArgs();
    if (image !== undefined) this.#line.expanded(image.text);
    const exec = container.command("Exec");
    for (const { text } of exec) this.#line.expanded(text);
    warnOfShellWords(exec, this.#context);
    reportVariables(this.#context);
    const needed = [...networkUnits(network, options.scope), ...this.#paths.mountsNeeded];
    return { needed, imageSignal: signal };
  }

  #flags(...keys: readonly string[]): void {
    const pod = this.#pod?.target;
    const effective = pod === undefined ? keys : keys.filter((key) => !isPodsOwn(this.#context, pod, key));
    addFlags(this.#line, this.#context.container, ...effective);
  }

  /** What the unit's lines say as well, for a service whose file is removed while it runs: then the record is all. */
  #stopping(imageSignal: string | undefined): void {
    if (imageSignal !== undefined) this.#line.plain(`--unit-signal=${imageSignal}`);
    const signal = this.#context.container.string("StopSignal");
    if (signal !== undefined && valueIn(parseSignal(signal.text)) !== undefined)
      this.#line.plain("--stop-signal").expanded(signal.text);
    const timeout = this.#context.container.string("StopTimeout");
    if (timeout !== undefined && valueIn(parseStopTimeout(timeout.text)) !== undefined)
      this.#line.plain("--stop-timeout").expanded(timeout.text);
  }

  #podmanArgs(): void {
    const { container, report } = this.#context;
    const values = container.list("PodmanArgs");
    checkPodmanArgs(values, report);
    for (const { text } of values) this.#line.expanded(text);
  }

  #image(): Value | undefined {
    const { container, parsed, report, references } = this.#context;
    const image = container.string("Image", references.image);
    if (!container.has("Image") && !container.mentions("Rootfs"))
      reportNoImage(parsed, "no Image or Rootfs key specified", report);
    if (image !== undefined && image.target === undefined) warnOfShortName(image, report);
    return image;
  }

  /** Entrypoint= is the one key whose empty value has a meaning: no entrypoint, not even the image's. */
  #entrypoint(): void {
    const { container } = this.#context;
    const value = container.string("Entrypoint");
    if (value !== undefined) this.#line.expanded(`--entrypoint=${value.text}`);
    else if (container.mentions("Entrypoint") && !container.has("Entrypoint")) this.#line.plain("--entrypoint=");
  }

  #loginUid(): void {
    const { berth, options, report } = this.#context;
    const loginUid = berth.string("LoginUID");
    if (loginUid === undefined) return;
    if (options.scope === "user") {
      const message = "LoginUID is for system services: those of a user's manager have the user's login uid already";
      report.item(loginUid.entry, { code: "not-for-users", message });
    }
    this.#line.plain("--loginuid").expanded(loginUid.text);
  }

  /** The network's kind. */
  #network(): string {
    const pod = this.#pod?.target;
    const own = this.#context.options.scope === "user" ? "pasta" : "bridge";
    const byDefault = pod !== undefined && sharedKinds(pod).includes("net") ? "pod" : own;
    return addNetworks(this.#line, this.#context.container, this.#context, byDefault);
  }

  /** Who notifies systemd that the service is ready. */
  #notify(): "container" | "started" {
    const { container, report } = this.#context;
    const value = container.string("Notify");
    if (value?.text.toLowerCase() === "healthy") {
      report.value(value, { code: "not-supported-yet", message: "healthy is not supported yet" });
      return "started";
    }
    return notifies(this.#context) ? "container" : "started";
  }
}

/** Whether the payload itself notifies systemd. */
export function notifies({ container }: ContainerContext): boolean {
  return container.boolean("Notify") === true;
}
