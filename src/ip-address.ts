/** IPv4 and IPv6 addresses and subnets as numbers. Pure. */

export type AddressFamily = 4 | 6;

/** The family of an address in text, which is not checked. */
export function familyOf(address: string): AddressFamily {
  return address.includes(":") ? 6 : 4;
}

export interface IpAddress {
  readonly family: AddressFamily;
  readonly value: bigint;
}

/** A block of addresses; `base` has no bits set beyond the first `bits`. */
export interface Subnet {
  readonly family: AddressFamily;
  readonly base: bigint;
  readonly bits: number;
}

const WIDTH: Readonly<Record<AddressFamily, number>> = { 4: 32, 6: 128 };

/** An address in its usual form (RFC 4291 for IPv6, no zone), or undefined for any other text. */
export function parseAddress(text: string): IpAddress | undefined {
  if (text.includes(":")) {
    const value = parseIpv6(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIpv4(text);
  return value === undefined ? undefined : { family: 4, value: BigInt(value) };
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":").flatMap(groupsOf)));
  if (head === undefined) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = tail === undefined ? head : [...head, ...Array<number>(missing).fill(0), ...tail];
  if (groups.some(Number.isNaN)) return undefined;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** One group of an IPv6 address, or the two groups of an IPv4 address at its end; NaN for any other text. */
function groupsOf(text: string): number[] {
  if (/^[0-9a-fA-F]{1,4}$/.test(text)) return [Number.parseInt(text, 16)];
  const value = text.includes(".") ? parseIpv4(text) : undefined;
  return value === undefined ? [Number.NaN] : [Math.floor(value / 0x10000), value % 0x10000];
}

/** The usual text of an address; IPv6 as RFC 5952 has it: lower case, the longest run of zeros as `::`. */
export function formatAddress({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => `${(value >> shift) & 0xffn}`).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  let [from, length] = [0, 0];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > Math.max(length, 1)) [from, length] = [start, end - start];
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  return length === 0 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}

/** `ADDRESS/BITS`; bits beyond the prefix are dropped. Undefined if the text is no subnet. */
export function parseSubnet(text: string): Subnet | undefined {
  const [, head = "", tail = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(head);
  const bits = Number(tail);
  if (address === undefined || bits > WIDTH[address.family]) return undefined;
  const below = BigInt(WIDTH[address.family] - bits);
  return { family: address.family, base: (address.value >> below) << below, bits };
}

export function formatSubnet({ family, base, bits }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${bits}`;
}

/** Addresses in a row, both ends included. */
export interface AddressRange {
  readonly first: IpAddress;
  readonly last: IpAddress;
  /** Written as a block, `ADDRESS/BITS`. */
  readonly isBlock: boolean;
}

/** `ADDRESS/BITS` or `FIRST-LAST`, which may be in the wrong order; undefined if the text is neither. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const block = parseSubnet(text);
  if (block !== undefined)
    return { first: addressAt(block, 0n), last: addressAt(block, subnetSize(block) - 1n), isBlock: true };
  const [, head = "", tail = ""] = /^([^-]*)-(.*)$/s.exec(text) ?? [];
  const [first, last] = [parseAddress(head), parseAddress(tail)];
  if (first === undefined || last === undefined || first.family !== last.family) return undefined;
  return { first, last, isBlock: false };
}

/** The number of addresses in a subnet. */
export function subnetSize({ family, bits }: Subnet): bigint {
  return 1n << BigInt(WIDTH[family] - bits);
}

export function subnetContains(subnet: Subnet, { family, value }: IpAddress): boolean {
  return family === subnet.family && value >= subnet.base && value < subnet.base + subnetSize(subnet);
}

/**
 * The first and the last address for hosts: without the subnet's own and, for IPv4, without the broadcast address.
 */
export function hostAddresses(subnet: Subnet): readonly [first: bigint, last: bigint] {
  const { base, family } = subnet;
  return [base + 1n, base + subnetSize(subnet) - (family === 4 ? 2n : 1n)];
}

/** Whether a host in the subnet can have the address. */
export function isForHosts(subnet: Subnet, { family, value }: IpAddress): boolean {
  const [first, last] = hostAddresses(subnet);
  return family === subnet.family && value >= first && value <= last;
}

export function subnetsOverlap(one: Subnet, other: Subnet): boolean {
  return (
    one.family === other.family && one.base < other.base + subnetSize(other) && other.base < one.base + subnetSize(one)
  );
}

/** The `index`th address of a subnet; the first, 0, is the subnet's own. */
export function addressAt({ family, base }: Subnet, index: bigint): IpAddress {
  return { family, value: base + index };
}
