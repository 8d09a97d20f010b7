import { expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "../../../src/image/error.ts";
import type { RegistrySettings } from "../../../src/image/registry/connect.ts";
import { openStore, type StoredImage } from "../../../src/image/store/store.ts";
import { prepareStore } from "../../../src/image/store/store-write.ts";
import { ensureImage } from "../../../src/image/transport/ensure-image.ts";
import type { PullOptions } from "../../../src/image/transport/pull.ts";
import type { PullPolicy } from "../../../src/options/values/pull.ts";
import type { TestRegistry } from "./registry.ts";
import { listTree } from "./scratch.ts";

export const NO_CREDENTIALS: RegistrySettings = { insecure: [], credentialsFor: async () => undefined };
export const QUICK = { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 };

export interface PolicyOptions extends PullOptions {
  /** Default `always`. */
  readonly policy?: PullPolicy;
}

/** Brings an image into the store as a command would. */
export function ensure(name: string, { store, policy = "always", ...pulling }: PolicyOptions): Promise<StoredImage> {
  const { platform } = pulling;
  return ensureImage(name, { store, policy, platform, cwd: "/", pulling: async () => pulling });
}

/** Pulls `app:1` and the like from a test's registry, without patience. */
export function pullFrom(
  registry: TestRegistry,
  stateDir: string,
  name: string,
  more: Partial<PolicyOptions> = {},
): Promise<StoredImage> {
  const store = openStore(stateDir);
  return ensure(`${registry.host}/${name}`, { store, registries: NO_CREDENTIALS, retries: QUICK, ...more });
}

/** The error of a pull that must fail and must leave the store as it was. */
export async function refusedFrom(
  registry: TestRegistry,
  stateDir: string,
  name: string,
  more: Partial<PolicyOptions> = {},
) {
  const snapshot = () => listTree(stateDir).filter((path) => path !== "lock");
  const store = openStore(stateDir);
  if (!snapshot().includes("images/index.json")) prepareStore(store.paths);
  mkdirSync(join(stateDir, "tmp"), { recursive: true });
  const before = snapshot();
  let error: unknown;
  try {
    await pullFrom(registry, stateDir, name, more);
  } catch (caught) {
    error = caught;
  }
  if (!(error instanceof ImageError)) throw new Error(`expected an ImageError, got ${error}`);
  expect(snapshot()).toEqual(before);
  expect(await store.verify()).toEqual([]);
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) messages.push(at.message);
  return { code: error.code, message: messages.join(": ") };
}
