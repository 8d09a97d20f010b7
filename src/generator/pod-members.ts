import { lastEntry } from "../unit/lookup.ts";
import { isInstance, isTemplate } from "../unit/unit-name.ts";
import { unquoteString } from "../unit/words.ts";
import { parseBoolean } from "./key-reader.ts";
import type { ParsedSource } from "./source.ts";
import type { UnitIndex } from "./unit-index.ts";

/** A container of a pod. */
export interface PodMember {
  readonly container: ParsedSource;
  /** Whether the pod's start is the container's too. */
  readonly startsWithPod: boolean;
}

/**
 * The containers whose Pod= names the pod, in the order of the files. A template's instances start with a pod only if
 * that is a template too; the other way round, one container cannot belong to all instances of a pod.
 */
export function podMembers(pod: ParsedSource, units: UnitIndex): PodMember[] {
  const members: PodMember[] = [];
  for (const unit of units.values()) {
    if (unit.type.extension !== "container") continue;
    const section = unit.sections.get(unit.type.section);
    const named = lastEntry(section, "Pod");
    if (named === undefined || unquoteString(named.value) !== pod.source.name) continue;
    const wanted = lastEntry(section, "StartWithPod");
    const starts = wanted === undefined || parseBoolean(unquoteString(wanted.value)) === true;
    const fits = isTemplate(pod.serviceName)
      ? isTemplate(unit.serviceName)
      : !isTemplate(unit.serviceName) || isInstance(unit.serviceName);
    members.push({ container: unit, startsWithPod: starts && fits });
  }
  return members;
}
