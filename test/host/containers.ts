import { fileTypeOf } from "../../src/generator/reading/file-type.ts";
import { bootHost, type Host, until } from "./host.ts";
import type { Machine } from "./machine.ts";
import { type SampleImage, sample, startRegistry } from "./registry.ts";
import type { Suite } from "./root.ts";

/** Boots a host with a registry of the sample images; its system store holds those that are named. */
export async function bootWithImages(suite: Suite, images: readonly SampleImage[] = []): Promise<Host> {
  const host = await bootHost({ suite });
  try {
    await startRegistry(host);
    if (images.length > 0) await host.ok(["berth", "pull", ...images.map(sample)]);
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** Writes unit files (by name: Quadlet files into berth's folder, others into systemd's) and reloads systemd. */
export async function install(host: Machine, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await host.write(`/etc/${fileTypeOf(name) === undefined ? "systemd/system" : "containers/systemd"}/${name}`, text);
  }
  await host.ok(["systemctl", "daemon-reload"]);
}

/** A property of a unit. */
export async function property(host: Machine, unit: string, name: string): Promise<string> {
  return host.ok(["systemctl", "show", `--property=${name}`, "--value", unit]);
}

/** Waits until a unit is in a state (`active`, `inactive`, `failed`). */
export async function reaches(host: Machine, unit: string, state: string, timeout?: number): Promise<void> {
  await until(`${unit} to be ${state}`, async () => (await property(host, unit, "ActiveState")) === state, timeout);
}
