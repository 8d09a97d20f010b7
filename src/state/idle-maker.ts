import { dirname, extname, join } from "node:path";
import type { Scope } from "../scope.ts";
import { readIfThere } from "../system/files.ts";
import { activeUnits } from "./running-unit.ts";

/** A service that systemd holds active for what is not there. */
export interface IdleMaker {
  /** Words for an error: what to type. */
  readonly remedy: string;
  /** Whether it makes more than a name says: options, labels. */
  readonly hasOptions: boolean;
}

/**
 * The active service of the `.network`, `.volume` or `.pod` file that makes `name`; undefined if there is none. Where
 * what it has made is not there, the service will not make it again by itself: someone has removed that by hand, or
 * Podman's generator had its unit started before berth's wrote another one.
 */
export function idleMaker(scope: Scope, kind: "network" | "volume" | "pod", name: string): IdleMaker | undefined {
  const generated = join(dirname(scope.runtimeDir), "systemd/generator");
  for (const unit of activeUnits(scope)) {
    const [, instance] = /@(.*)\.service$/.exec(unit) ?? [];
    const template = unit.replace(/@.*\./, "@.");
    const text = readIfThere(join(generated, unit)) ?? readIfThere(join(generated, template)) ?? "";
    const [, source = ""] = /^SourcePath=(.*)$/m.exec(text) ?? [];
    if (extname(source) !== `.${kind}`) continue;
    const [, command = ""] = /^ExecStart=(.*)$/m.exec(text) ?? [];
    const words = command.replaceAll("%i", instance ?? "").split(" ");
    if (words.at(-1) !== name) continue;
    const systemctl = scope.kind === "user" ? "systemctl --user" : "systemctl";
    const remedy = `${unit} is active all the same: type ${systemctl} restart ${unit}, and start the container again`;
    return { remedy, hasOptions: !command.includes(`create --ignore ${words.at(-1)}`) };
  }
  return undefined;
}
