import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RuntimeError } from "../error.ts";
import { isMissing, removeIfThere, replaceFile } from "../record.ts";

/** Name of the file that holds the address handed out last: no lease is called so. */
const LAST = "last";

/**
 * Takes a free IPv4 address of `subnet` ("10.87.0.0/16") for `owner`: a file of that name in `directory`, made
 * exclusively, is the lease. The search begins after the address given last, so that one is not reused at once.
 * The network, the first (gateway) and the broadcast address are left out. Throws "network" when all are taken.
 */
export function leaseAddress(directory: string, subnet: string, owner: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { first, last } = hostRange(subnet);
  const taken = new Set(readdirSync(directory));
  const count = last - first + 1;
  const start = lastGiven(directory) ?? first - 1;
  for (let step = 1; step <= count; step++) {
    const candidate = first + ((((start - first + step) % count) + count) % count);
    const address = formatAddress(candidate);
    if (taken.has(address)) continue;
    if (!takeLease(directory, address, owner)) continue;
    replaceFile(join(directory, LAST), address);
    return address;
  }
  throw new RuntimeError("network", `no free address in ${subnet}`);
}

/** Makes the lease in one step, owner and all: a link to a finished file fails where there is one already. */
function takeLease(directory: string, address: string, owner: string): boolean {
  const finished = join(directory, `${owner}.new`);
  writeFileSync(finished, owner, { mode: 0o600 });
  try {
    linkSync(finished, join(directory, address));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    removeIfThere(finished);
  }
}

/** Gives an address back, if `owner` holds it. */
export function releaseAddress(directory: string, address: string, owner: string): void {
  const path = join(directory, address);
  if (readIfThere(path) === owner) removeIfThere(path);
}

/** Gives back the addresses whose owner satisfies `gone`: what a launcher killed right after taking one has left. */
export function releaseAddresses(directory: string, gone: (owner: string) => boolean): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  for (const name of names) {
    // Not the file of the last address, which somebody may be about to put in its place.
    const unfinished = name.startsWith(`${LAST}.`) ? undefined : /^(.+)\.new$/.exec(name)?.[1];
    if (unfinished !== undefined && gone(unfinished)) removeIfThere(join(directory, name));
    if (!/^[0-9.]+$/.test(name)) continue;
    const owner = readIfThere(join(directory, name));
    if (owner !== undefined && gone(owner)) releaseAddress(directory, name, owner);
  }
}

/** The gateway: the subnet's first address, as podman and docker have it. */
export function gatewayOf(subnet: string): string {
  return formatAddress(hostRange(subnet).first - 1);
}

function hostRange(subnet: string): { first: number; last: number } {
  const [base = "", bits = ""] = subnet.split("/");
  const size = 2 ** (32 - Number(bits));
  const network = Math.floor(parseAddress(base) / size) * size;
  return { first: network + 2, last: network + size - 2 };
}

function lastGiven(directory: string): number | undefined {
  const last = readIfThere(join(directory, LAST));
  return last === undefined ? undefined : parseAddress(last);
}

/** A file of the pool; others give addresses back at the same time. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function parseAddress(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
