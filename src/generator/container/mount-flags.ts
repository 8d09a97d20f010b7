import { posix } from "node:path";
import { quoted } from "../../options/values/check.ts";
import {
  joinMount,
  MOUNTS_WITH_SOURCE,
  mountSource,
  mountTarget,
  splitMount,
} from "../../options/values/mount/mount.ts";
import { splitVolume } from "../../options/values/volume.ts";
import type { CommandLine } from "../making/command-line.ts";
import type { ContainerContext } from "../making/context.ts";
import type { HostPaths } from "../making/host-path.ts";
import type { Value } from "../reading/report.ts";

/** Quadlet's meaning of `VolatileTmp=yes`. */
const VOLATILE_TMP = "/tmp:rw,size=512M,mode=1777";

/** Adds the flags of a container's mounts, and reports two in one place. */
export class MountFlags {
  readonly #line: CommandLine;
  readonly #context: ContainerContext;
  readonly #paths: HostPaths;
  /** The key of what is mounted at each place inside. */
  readonly #destinations = new Map<string, string>();

  constructor(line: CommandLine, context: ContainerContext, paths: HostPaths) {
    this.#line = line;
    this.#context = context;
    this.#paths = paths;
  }

  tmpfs(): void {
    for (const value of this.#context.container.list("Tmpfs")) {
      this.#claim(value, value.text.split(":", 1)[0] ?? "");
      this.#line.plain("--tmpfs").expanded(value.text);
    }
  }

  /** A deprecated key: with a read-only root there is such a tmpfs anyway. */
  volatileTmp(): void {
    const { container } = this.#context;
    if (container.boolean("VolatileTmp") !== true || container.boolean("ReadOnly") === true) return;
    this.#line.plain("--tmpfs").plain(VOLATILE_TMP);
  }

  volumes(): void {
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

  mounts(): void {
    const { container, references } = this.#context;
    for (const value of container.list("Mount", references.mount)) {
      const parts = splitMount(value.text);
      const fields = parts.fields.map(({ text }) => text);
      this.#claim(value, mountTarget(parts));
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
