import { lastEntry } from "../../unit/lookup.ts";
import { isTemplate } from "../../unit/unit-name.ts";
import { unquoteString } from "../../unit/words.ts";
import { parseBoolean } from "./key-reader.ts";
import type { ParsedSource } from "./source.ts";
import { referredName, type UnitIndex } from "./unit-index.ts";

/** A container of a pod. */
export interface PodMember {
  readonly container: ParsedSource;
  /** Whether the container starts with the pod. */
  readonly startsWithPod: boolean;
}

/** The containers of each pod: looked up once for all pods, and only if there is a pod. */
export class PodMembers {
  readonly #units: UnitIndex;
  #byPod: ReadonlyMap<string, readonly ParsedSource[]> | undefined;

  constructor(units: UnitIndex) {
    this.#units = units;
  }

  /**
   * The containers whose Pod= names the pod, in the order of the files. A template's instances start with a pod only if
   * that is a template too; the other way round, one container cannot belong to all instances of a pod.
   */
  of(pod: ParsedSource): PodMember[] {
    this.#byPod ??= containersByPod(this.#units);
    return (this.#byPod.get(pod.source.name) ?? []).map((container) => {
      const wanted = lastEntry(container.sections.get(container.type.section), "StartWithPod");
      const starts = wanted === undefined || parseBoolean(unquoteString(wanted.value)) === true;
      const { serviceName } = container;
      const fits = isTemplate(pod.serviceName) ? isTemplate(serviceName) : !isTemplate(serviceName);
      return { container, startsWithPod: starts && fits };
    });
  }
}

function containersByPod(units: UnitIndex): Map<string, ParsedSource[]> {
  const byPod = new Map<string, ParsedSource[]>();
  for (const unit of units.values()) {
    const named = unit.type.extension === "container" ? lastEntry(unit.sections.get("Container"), "Pod") : undefined;
    if (named === undefined) continue;
    const name = referredName(unquoteString(named.value), unit.serviceName, units);
    const others = byPod.get(name);
    if (others === undefined) byPod.set(name, [unit]);
    else others.push(unit);
  }
  return byPod;
}
