import { posix } from "node:path";
import { quoted } from "../../options/values/check.ts";
import { joinMount, MOUNTS_WITH_SOURCE, mountSource, splitMount } from "../../options/values/mount.ts";
import { splitVolume } from "../../options/values/volume.ts";
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
import { isPodsOwn } from "./pod-container.ts";

/** Quadlet's meaning of `VolatileTmp=yes`. */
const VOLATILE_TMP = "/tmp:rw,size=512M,mode=1777";

/** What a container's keys come to besides the command line. */
export interface RunCommand {
  /**
   * Lines of `[Unit]` for what has to be there first: host paths that are mounted, the namespace of a user's bridges.
   */
  readonly needed: readonly Directive[];
}

/**
 * Adds `berth run`'s flags, the image and the arguments to the command line, in the order in which Quadlet has them.
 * What is wrong with the keys is reported.
 */
export function addRunCommand(
  line: CommandLine,
  context: ContainerContext,
  pod: Value | undefined,
  foreground: boolean,
): RunCommand {
  return new RunCommandBuilder(line, context, pod).build(foreground);
}

class RunCommandBuilder {
  readonly #line: CommandLine;
  readonly #context: ContainerContext;
  /** The pod's name. */
  readonly #pod: Value | undefined;
  readonly #paths: HostPaths;
  /** What is mounted where inside, to find two in one place. */
  readonly #destinations = new Map<string, string>();

  constructor(line: CommandLine, context: ContainerContext, pod: Value | undefined) {
    this.#line = line;
    this.#context = context;
    this.#pod = pod;
    this.#paths = new HostPaths(context.parsed);
  }

  build(foreground: boolean): RunCommand {
    // Most files have few of the keys, and at boot code is slow when it runs for the first times: hence the many has().
    const { container, berth, report, parsed, options } = this.#context;
    const image = this.#image();
    this.#line.plain("run --unit %n --name");
    container.string("ContainerName");
    this.#line.expanded(ownName(parsed));
    this.#entrypoint();
    this.#flags("Timezone", "ShmSize", "WorkingDir", "IP", "IP6", "HostName", "Pull", "Retry", "RetryDelay");
    this.#flags("NetworkAlias", "Ulimit", "DNS", "DNSOption", "DNSSearch", "AddHost");
    if (container.has("Tmpfs")) this.#tmpfs();
    this.#flags("RunInit", "EnvironmentHost", "ReadOnlyTmpfs");
    const network = this.#network();
    const notify = this.#notify();
    if (!foreground) this.#line.plain(`--sdnotify=${notify}`).plain("-d");
    if (container.boolean("NoNewPrivileges") === true) this.#line.plain("--security-opt=no-new-privileges");
    if (container.has("AddCapability") || container.has("DropCapability")) this.#capabilities();
    if (container.has("Sysctl")) this.#sysctls(network);
    this.#flags("ReadOnly");
    if (container.has("VolatileTmp")) this.#volatileTmp();
    if (container.has("User") || container.has("Group")) this.#user();
    const owner = containerOwner(this.#context);
    addUserMapping(this.#line, container, report, owner !== undefined || options.scope === "user");
    if (owner !== undefined) this.#line.plain("--ids-of").expanded(owner.user);
    if (container.has("Volume")) this.#volumes();
    this.#flags("ExposeHostPort", "PublishPort", "Environment", "Label", "Annotation");
    for (const file of container.list("EnvironmentFile")) this.#environmentFile(file);
    if (container.has("Mount")) this.#mounts();
    const loginUid = berth.string("LoginUID");
    if (loginUid !== undefined) {
      if (this.#context.options.scope === "user") {
        const message = "LoginUID is for system services: those of a user's manager have the user's login uid already";
        report.item(loginUid.entry, { code: "not-for-users", message });
      }
      this.#line.plain("--loginuid").expanded(loginUid.text);
    }
    if (this.#pod !== undefined) this.#line.plain("--pod").expanded(this.#pod.text);
    if (container.has("PodmanArgs")) this.#podmanArgs();
    if (image !== undefined) this.#line.expanded(image.text);
    for (const { text } of container.command("Exec")) this.#line.expanded(text);
    return { needed: [...networkUnits(network, options.scope), ...this.#paths.mountsNeeded] };
  }

  #flags(...keys: readonly string[]): void {
    const pod = this.#pod?.target;
    const effective = pod === undefined ? keys : keys.filter((key) => !isPodsOwn(this.#context, pod, key));
    addFlags(this.#line, this.#context.container, ...effective);
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

  /** The one key whose empty value says something: no entrypoint, not even the image's. */
  #entrypoint(): void {
    const { container } = this.#context;
    const value = container.string("Entrypoint");
    if (value !== undefined) this.#line.expanded(`--entrypoint=${value.text}`);
    else if (container.mentions("Entrypoint") && !container.has("Entrypoint")) this.#line.plain("--entrypoint=");
  }

  #tmpfs(): void {
    for (const value of this.#context.container.list("Tmpfs")) {
      this.#claim(value, value.text.split(":", 1)[0] ?? "");
      this.#line.plain("--tmpfs").expanded(value.text);
    }
  }

  /** A deprecated key: with a read-only root there is such a tmpfs anyway. */
  #volatileTmp(): void {
    const { container } = this.#context;
    if (container.boolean("VolatileTmp") !== true || container.boolean("ReadOnly") === true) return;
    this.#line.plain("--tmpfs").plain(VOLATILE_TMP);
  }

  /** The network's kind. */
  #network(): string {
    const pod = this.#pod?.target;
    const own = this.#context.options.scope === "user" ? "pasta" : "bridge";
    const byDefault = pod !== undefined && sharedKinds(pod).includes("net") ? "pod" : own;
    return addNetworks(this.#line, this.#context.container, this.#context, byDefault);
  }

  /** Who tells systemd that the service is ready. */
  #notify(): "container" | "started" {
    const { container, report } = this.#context;
    const value = container.string("Notify");
    if (value?.text.toLowerCase() === "healthy") {
      report.value(value, { code: "not-supported-yet", message: "healthy is not supported yet" });
      return "started";
    }
    return container.boolean("Notify") === true ? "container" : "started";
  }

  #capabilities(): void {
    const { container, report } = this.#context;
    const bare = (text: string): string => text.toLowerCase().replace(/^cap_/, "");
    const dropped = container.list("DropCapability");
    const names = new Set(dropped.map(({ text }) => bare(text)));
    for (const { text } of dropped) this.#line.plain("--cap-drop").expanded(text.toLowerCase());
    for (const value of container.list("AddCapability")) {
      if (bare(value.text) !== "all" && names.has(bare(value.text))) {
        const message = `${quoted(value.text)} is dropped by DropCapability= as well`;
        report.value(value, { code: "contradiction", message });
      }
      this.#line.plain("--cap-add").expanded(value.text.toLowerCase());
    }
  }

  #sysctls(network: string): void {
    const { container, report } = this.#context;
    for (const value of container.list("Sysctl")) {
      if (network === "host" && value.text.startsWith("net.")) {
        const message = `${quoted(value.text)} would be set for the whole machine with Network=host`;
        report.value(value, { code: "bad-sysctl", message, hint: "set it in /etc/sysctl.d" });
      }
      this.#line.plain("--sysctl").expanded(value.text);
    }
  }

  #user(): void {
    const { container, report } = this.#context;
    const user = container.string("User");
    const group = container.string("Group");
    if (group !== undefined && !container.has("User")) {
      report.item(group.entry, { code: "group-without-user", message: "invalid Group set without User" });
    }
    if (user === undefined) return;
    if (group !== undefined && user.text.includes(":")) {
      const message = `${quoted(user.text)} in User= names a group already`;
      report.item(group.entry, { code: "contradiction", message });
    }
    this.#line.plain("--user").expanded(group === undefined ? user.text : `${user.text}:${group.text}`);
  }

  #volumes(): void {
    const { container, report, references } = this.#context;
    for (const value of container.list("Volume", references.volume)) {
      const { source, destination, options } = splitVolume(value.text);
      this.#claim(value, destination);
      if (source === undefined && options !== undefined) {
        report.value(
          value,
          { code: "options-without-source", message: "options of a volume without a source are lost" },
          "warning",
        );
      }
      this.#line.plain("-v").expanded(this.#paths.volume(value.text));
    }
  }

  #mounts(): void {
    const { container, references } = this.#context;
    for (const value of container.list("Mount", references.mount)) {
      const parts = splitMount(value.text);
      const fields = parts.fields.map(({ text }) => text);
      const destination = fields.findLast((field) => /^(?:destination|dst|target)=/.test(field));
      this.#claim(value, destination?.slice(destination.indexOf("=") + 1) ?? "");
      if (!MOUNTS_WITH_SOURCE.includes(parts.type)) {
        this.#line.plain("--mount").expanded(value.text);
        continue;
      }
      const source = mountSource(parts);
      if (source !== undefined) fields[source.index] = `source=${this.#paths.source(source.source)}`;
      const rest = fields.filter(
        (_, index) => index !== parts.fields.findIndex(({ text }) => text.startsWith("type=")),
      );
      this.#line.plain("--mount").expanded(joinMount([`type=${parts.type}`, ...rest]));
    }
  }

  #environmentFile(value: Value): void {
    if (value.text.startsWith("-")) {
      const message = `${quoted(value.text)}: a leading - for "may be missing" is not part of Quadlet's language`;
      const hint = value.text.startsWith("-/") ? "leave the - out" : `write ./${value.text} for a file of that name`;
      this.#context.report.value(value, { code: "optional-file", message, hint });
    }
    if (value.text.startsWith("~/")) {
      const message = `${quoted(value.text)} is a folder "~" beside this file, not somebody's home`;
      const hint = `write %h${value.text.slice(1)}`;
      this.#context.report.value(value, { code: "tilde", message, hint }, "warning");
    }
    this.#line.plain("--env-file").expanded(this.#paths.file(value.text));
  }

  /** Two things mounted in one place would hide one of them; podman refuses that too. */
  #claim(value: Value, destination: string): void {
    const simple = !/\/(?:[./]|$)/.test(destination);
    const place = simple ? destination : posix.normalize(destination).replace(/(?<=.)\/$/, "");
    const other = this.#destinations.get(place);
    this.#destinations.set(place, value.entry.key);
    if (other === undefined) return;
    const message = `${quoted(destination)} is the destination of another ${other}= already`;
    this.#context.report.value(value, { code: "duplicate-destination", message });
  }
}
