import {
  type AddressRange,
  type IpAddress,
  parseAddress,
  parseAddressRange,
  parseSubnet,
  subnetContains,
} from "../../ip-address.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, type Problem, quoted, valid } from "./check.ts";

/** `Subnet=`, as it was written: `ADDRESS/BITS`. */
export function parseSubnetKey(text: string): Parsed<string> {
  if (parseSubnet(text) !== undefined) return valid(text);
  if (isDeferred(text)) return DEFERRED;
  const hint = "such as 10.89.0.0/24 or fd00:89::/64";
  return invalid("bad-subnet", `${quoted(text)} is not a subnet`, { hint });
}

/** `IPRange=`: `ADDRESS/BITS`, or `FIRST-LAST`. */
export function parseIpRange(text: string): Parsed<AddressRange> {
  const range = rangeOf(text);
  if (range !== undefined) return valid(range);
  if (isDeferred(text)) return DEFERRED;
  const hint = "such as 10.89.0.128/25 or 10.89.0.10-10.89.0.50";
  return invalid("bad-range", `${quoted(text)} is not a range of addresses`, { hint });
}

/** The problem of an address in none of the subnets. Undefined also if systemd has yet to fill a part of one in. */
export function addressOutside(address: string, subnets: readonly string[]): Problem | undefined {
  const parsed = parseAddress(address);
  return parsed === undefined ? undefined : outside(address, [parsed], subnets);
}

/** The problem of a range that is not wholly in the subnet. */
export function rangeOutside(range: string, subnet: string): Problem | undefined {
  const ends = rangeOf(range);
  return ends === undefined ? undefined : outside(range, [ends.first, ends.last], [subnet]);
}

function outside(text: string, addresses: readonly IpAddress[], subnets: readonly string[]): Problem | undefined {
  const inside = subnets.some((subnet) => {
    const parsed = parseSubnet(subnet);
    return parsed === undefined || addresses.every((address) => subnetContains(parsed, address));
  });
  return inside ? undefined : { code: "outside-subnet", message: `${text} is outside of ${subnets.join(", ")}` };
}

function rangeOf(text: string): AddressRange | undefined {
  const range = parseAddressRange(text);
  return range === undefined || range.first.value > range.last.value ? undefined : range;
}
