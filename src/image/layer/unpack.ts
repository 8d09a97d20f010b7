import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { errnoName } from "../../system/error.ts";
import { findProgram } from "../../system/programs.ts";
import { type TarMember, TarReader } from "../../tar/reader.ts";
import { ImageError, withContext } from "../error.ts";
import { TREE } from "./directory.ts";
import { toLayerEntry } from "./entry.ts";
import type { LayerLimits } from "./limits.ts";
import { takeCensus, writeRecord } from "./record.ts";
import { LayerTree } from "./tree.ts";
import { UncompressedLayer, type UncompressedOptions } from "./uncompressed.ts";

export interface UnpackOptions extends UncompressedOptions {
  /** An absolute path that does not exist yet, in a directory that no other user can enter. */
  readonly dir: string;
  /** Trees of the layers below, lowest first; resolves when all of them are complete. */
  readonly below: () => Promise<readonly string[]>;
  readonly inUserNamespace: boolean;
  readonly limits: LayerLimits;
}

/**
 * Unpacks one layer while its bytes arrive. The tree is private until {@link finish} has checked everything; on any
 * failure the caller removes `dir`. Errors name the entry at fault, if there is one; the caller names the layer.
 */
export class LayerUnpack {
  readonly #tree: LayerTree;
  readonly #reader: TarReader;
  readonly #uncompressed: UncompressedLayer;
  #entries = 0;
  #apparent = 0;

  constructor(private readonly options: UnpackOptions) {
    mkdirSync(options.dir, { mode: 0o755 });
    const root = join(options.dir, TREE);
    mkdirSync(root, { mode: 0o755 });
    chmodSync(root, 0o755); // Whatever the umask is.
    this.#tree = new LayerTree({ ...options, root });
    let blamed: TarMember | undefined;
    const blame = (error: unknown): never => {
      throw withContext(`entry ${JSON.stringify(blamed?.name ?? "?")}`, error, systemFailure(error));
    };
    const guarded = <T>(work: () => T): T => {
      try {
        return work();
      } catch (error) {
        return blame(error);
      }
    };
    this.#reader = new TarReader({
      begin: (member) => {
        blamed = member;
        return guarded(() => this.#begin(member))?.catch(blame);
      },
      data: (chunk) => guarded(() => this.#tree.data(chunk)),
      end: () => guarded(() => this.#tree.end()),
    });
    this.#uncompressed = new UncompressedLayer(options, (chunk) => this.#reader.write(chunk));
  }

  /** More of the compressed (or plain) layer. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#explained(() => this.#uncompressed.write(chunk));
  }

  /**
   * All bytes are in: checks the archive's end and its digest, writes the layer's record, and has the kernel write
   * everything to the disk. The directory may be renamed into place after that.
   */
  async finish(): Promise<{ readonly dependsOnLower: boolean }> {
    await this.#explained(async () => {
      await this.#uncompressed.end();
      this.#reader.finish();
      this.#uncompressed.check();
      await this.#tree.finish();
      writeRecord(this.options.dir, { diffId: this.options.diffId, ...takeCensus(join(this.options.dir, TREE)) });
      // One syncfs(2) for all the files, in a process of its own because it takes long and would block this one.
      await execa(findProgram("sync"), ["--file-system", this.options.dir]);
    });
    return { dependsOnLower: this.#tree.dependsOnLower };
  }

  /** Stops all work; the caller removes the directory. */
  abort(): void {
    this.#uncompressed.destroy();
    this.#reader.destroy();
    this.#tree.abort();
  }

  #begin(member: TarMember): void | Promise<void> {
    this.#entries += 1;
    if (this.#entries > this.options.limits.entries) {
      throw new ImageError("too-large", `more than ${this.options.limits.entries} entries`);
    }
    const entry = toLayerEntry(member);
    if (entry === undefined) return;
    this.#apparent += entry.sparse?.size ?? entry.size;
    if (this.#apparent > this.options.limits.bytes) {
      throw new ImageError("too-large", `more than ${this.options.limits.bytes} bytes of files`);
    }
    return this.#tree.begin(entry);
  }

  async #explained(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.abort();
      throw withContext("unpack", error, systemFailure(error));
    }
  }
}

/** The store's disk is to blame for a failed system call, the layer for all else (zlib, tar). */
function systemFailure(error: unknown): "store-io" | "corrupt-layer" {
  const errno = errnoName(error);
  return errno === undefined || errno === "ENAMETOOLONG" ? "corrupt-layer" : "store-io";
}

/**
 * Whether this process is root only in a user namespace: its map is not the whole range of ids (user_namespaces(7)).
 */
export function isInUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "utf8"));
}
