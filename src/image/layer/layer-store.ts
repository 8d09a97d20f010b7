import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chainIds, type DiffId } from "../document/digest.ts";
import { ImageError } from "../error.ts";
import { layerNames, namesOf, presentLayers, TREE } from "./directory.ts";
import type { LayerWriter } from "./layer-writer.ts";
import type { LayerLimits } from "./limits.ts";

/** The layers of one image from the lowest up to the one in question: a layer may depend on those below it. */
export type LayerChain = readonly DiffId[];

export interface AddOptions {
  /** A path that does not exist yet, on the layers' file system, in a directory that no other user can enter. */
  readonly dir: string;
  /** Resolves when all layers of the chain but the last are in the store. Awaited only if the layer needs them. */
  readonly below: () => Promise<unknown>;
  /** Root of a user namespace cannot make device nodes and writes overlay's attributes as `user.overlay.*`. */
  readonly inUserNamespace: boolean;
  readonly limits: LayerLimits;
}

/** The layers that {@link LayerStore.remove} leaves. */
export interface KeptLayers {
  readonly chains: readonly LayerChain[];
  /** Ids as {@link LayerStore.idsOf} gives them. */
  readonly ids: Iterable<DiffId>;
}

export interface LayerProblem {
  /** The layer's name in the store. */
  readonly layer: string;
  readonly message: string;
}

/**
 * The layers of one scope: what can be written from a verified tar stream and mounted read-only as an overlay's lower.
 * The form in which they are kept is known in this folder alone; to write a layer back as a tar stream belongs here
 * too. Nothing is kept in memory, and only what is complete has its name: every call may be cut off at any moment.
 */
export class LayerStore {
  constructor(private readonly directory: string) {}

  /** Whether the uppermost layer of the chain is complete. */
  has(chain: LayerChain): boolean {
    return presentLayers(this.directory, chain).at(-1) !== undefined;
  }

  /** The layers of the chain that are not there. */
  missing(chain: LayerChain): DiffId[] {
    const present = presentLayers(this.directory, chain);
    return chain.filter((_, at) => present[at] === undefined);
  }

  /**
   * Begins to take the uppermost layer of the chain. Idempotent: when the layer is there already, its bytes are
   * compared with it and nothing is written, since an image may use what another one has brought only if it brings the
   * same.
   */
  async add(chain: LayerChain, options: AddOptions): Promise<LayerWriter> {
    const { LayerCheck } = await import("./check.ts");
    const { addUnpacked } = await import("./add-unpacked.ts");
    const diffId = chain.at(-1);
    if (diffId === undefined) throw new ImageError("store-corrupt", "a layer without a diffID");
    if (this.has(chain)) return new LayerCheck({ diffId, limits: options.limits });
    const below = async (): Promise<string[]> => {
      await options.below();
      return this.#trees(chain.slice(0, -1));
    };
    const [names = namesOf(diffId, diffId)] = layerNames(chain).slice(-1);
    const [own, chained] = names.map((name) => join(this.directory, name));
    return addUnpacked({ ...options, diffId, below }, { own: own ?? "", chained: chained ?? "" });
  }

  /**
   * The directories to mount as an overlay's lower layers, absolute, lowest first (while overlay's `lowerdir=` wants
   * the highest first). One that an image has more than once (an empty layer, mostly) is there only where it is
   * highest: it hides all that it shows further down, and the kernel refuses an overlay of overlapping layers. They
   * stay as long as the caller holds the state lock, or a container's record names the chain. Throws ImageError
   * `store-corrupt` when one is missing.
   */
  lower(chain: LayerChain): string[] {
    const directories = this.#trees(chain);
    return directories.filter((dir, at) => directories.lastIndexOf(dir) === at);
  }

  /** The ids by which work in progress keeps the layers of a chain from {@link remove}, whichever form they take. */
  idsOf(chain: LayerChain): DiffId[] {
    return [...chain, ...chainIds(chain)];
  }

  /**
   * Calls `take` with the path of every layer that is not kept. `take` has to move it away by a rename, which makes the
   * layer vanish at once. To be called under the state lock, held exclusively.
   */
  remove({ chains, ids }: KeptLayers, take: (path: string) => void): void {
    const kept = new Set<string>(chains.flatMap(layerNames).flat());
    for (const id of ids) for (const name of namesOf(id, id)) kept.add(name);
    for (const name of this.#names()) if (!kept.has(name)) take(join(this.directory, name));
  }

  /**
   * Calls `take`, as {@link remove} does, with the path of each of these layers that none of the chains has. Returns
   * the names of the others. To be called under the state lock, held exclusively.
   */
  removeDamaged(
    damaged: readonly LayerProblem[],
    mounted: readonly LayerChain[],
    take: (path: string) => void,
  ): string[] {
    const kept = new Set<string>(mounted.flatMap(layerNames).flat());
    const names = damaged.map(({ layer }) => layer);
    for (const name of names) if (!kept.has(name)) take(join(this.directory, name));
    return names.filter((name) => kept.has(name));
  }

  /** Compares every layer with the record that was made of it when it was published. Reads all directories. */
  async verify(): Promise<LayerProblem[]> {
    const { checkLayer } = await import("./record.ts");
    return this.#names().flatMap((layer) => {
      const message = checkLayer(join(this.directory, layer));
      return message === undefined ? [] : [{ layer, message }];
    });
  }

  #trees(chain: LayerChain): string[] {
    return presentLayers(this.directory, chain).map((dir, at) => {
      if (dir !== undefined) return join(dir, TREE);
      throw new ImageError("store-corrupt", `layer ${chain[at]} is not in the store: pull its image`);
    });
  }

  #names(): string[] {
    return existsSync(this.directory) ? readdirSync(this.directory) : [];
  }
}

/** The layers below a scope's state directory, which need not exist yet. */
export function openLayers(stateDir: string): LayerStore {
  return new LayerStore(join(stateDir, "layers"));
}
