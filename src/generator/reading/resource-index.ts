import { nameForOthers } from "./resource-name.ts";
import type { ParsedSource } from "./source.ts";
import type { UnitIndex } from "./unit-index.ts";

/** The makers of networks and volumes by name, of all `.network` and `.volume` files; made at the first use. */
export class ResourceIndex {
  readonly #units: UnitIndex;
  #byName: ReadonlyMap<string, ParsedSource> | undefined;

  constructor(units: UnitIndex) {
    this.#units = units;
  }

  /** The file that makes the network or volume of this name. */
  maker(name: string, extension: "network" | "volume"): ParsedSource | undefined {
    this.#byName ??= new Map(
      [...this.#units.values()]
        .filter(({ type }) => type.extension === "network" || type.extension === "volume")
        .map((unit) => [`${unit.type.extension} ${nameForOthers(unit)}`, unit]),
    );
    return this.#byName.get(`${extension} ${name}`);
  }
}
