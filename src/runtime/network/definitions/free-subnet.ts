import { addressAt, parseSubnet, type Subnet, subnetSize, subnetsOverlap } from "../../../ip-address.ts";
import { RuntimeError } from "../../error.ts";

/** Pools of IPv4 subnets of 256 addresses each. They are below the default network's, as podman's are above its own. */
const POOLS = ["10.86.0.0/16", "10.84.0.0/15", "10.80.0.0/14", "10.64.0.0/12"] as const;
const POOL_BITS = 24;

/** How many random IPv6 subnets to try, of 2^56. */
const ATTEMPTS = 100;

/**
 * A subnet that overlaps none of `taken`: the first of the pools, or a random one of RFC 4193. Throws "network" if none
 * is left.
 */
export function freeSubnet(family: 4 | 6, taken: readonly Subnet[], random: (count: number) => Uint8Array): Subnet {
  for (const candidate of family === 4 ? poolSubnets() : localSubnets(random)) {
    if (!taken.some((other) => subnetsOverlap(candidate, other))) return candidate;
  }
  throw new RuntimeError("network", `no IPv${family} subnet is free: give one with --subnet`);
}

function* poolSubnets(): Generator<Subnet> {
  for (const text of POOLS) {
    const pool = parseSubnet(text);
    if (pool === undefined) continue;
    const step = 1n << BigInt(32 - POOL_BITS);
    for (let at = 0n; at < subnetSize(pool); at += step)
      yield { family: 4, base: addressAt(pool, at).value, bits: POOL_BITS };
  }
}

/** fd, 40 random bits and 16 more, then 64 bits for the interface (RFC 4193, section 3.1). */
function* localSubnets(random: (count: number) => Uint8Array): Generator<Subnet> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const prefix = [0xfd, ...random(7)].reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    yield { family: 6, base: prefix << 64n, bits: 64 };
  }
}
