import { addressAt, type IpAddress, parseAddress, parseSubnet, subnetContains, subnetSize } from "../../ip-address.ts";
import { isDeferred, type Problem, quoted, splitAt } from "./check.ts";

/** `Subnet=`: `ADDRESS/BITS`. */
export function checkSubnet(value: string): Problem | undefined {
  if (isDeferred(value) || parseSubnet(value) !== undefined) return undefined;
  return {
    code: "bad-subnet",
    message: `${quoted(value)} is not a subnet`,
    hint: "such as 10.89.0.0/24 or fd00:89::/64",
  };
}

/** `IPRange=`: `ADDRESS/BITS`, or `FIRST-LAST`. */
export function checkIpRange(value: string): Problem | undefined {
  if (isDeferred(value) || parseRange(value) !== undefined) return undefined;
  const hint = "such as 10.89.0.128/25 or 10.89.0.10-10.89.0.50";
  return { code: "bad-range", message: `${quoted(value)} is not a range of addresses`, hint };
}

/** An address in none of the subnets. Undefined too if one of them cannot be read, as systemd fills it in. */
export function addressOutside(address: string, subnets: readonly string[]): Problem | undefined {
  const parsed = parseAddress(address);
  return parsed === undefined ? undefined : outside(address, [parsed], subnets);
}

/** A range that is not wholly in the subnet. */
export function rangeOutside(range: string, subnet: string): Problem | undefined {
  const ends = parseRange(range);
  return ends === undefined ? undefined : outside(range, ends, [subnet]);
}

function outside(text: string, addresses: readonly IpAddress[], subnets: readonly string[]): Problem | undefined {
  const inside = subnets.some((subnet) => {
    const parsed = parseSubnet(subnet);
    return parsed === undefined || addresses.every((address) => subnetContains(parsed, address));
  });
  return inside ? undefined : { code: "outside-subnet", message: `${text} is outside of ${subnets.join(", ")}` };
}

/** The first and the last address of a range. */
function parseRange(text: string): readonly [IpAddress, IpAddress] | undefined {
  const block = parseSubnet(text);
  if (block !== undefined) return [addressAt(block, 0n), addressAt(block, subnetSize(block) - 1n)];
  const { head, tail } = splitAt(text, "-");
  const first = parseAddress(head);
  const last = parseAddress(tail ?? "");
  if (first === undefined || first.family !== last?.family || first.value > last.value) return undefined;
  return [first, last];
}
