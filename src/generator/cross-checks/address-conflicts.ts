import { parseSubnet, type Subnet, subnetsOverlap } from "../../ip-address.ts";
import { isDeferred } from "../../options/values/check.ts";
import { addressOutside } from "../../options/values/subnet.ts";
import { lastEntry, listEntries } from "../../unit/lookup.ts";
import { unquoteString } from "../../unit/words.ts";
import type { SourceOutcome } from "../making/source-outcome.ts";
import type { Value } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";

/** A subnet of a network, and its place in the file. */
interface Claim {
  readonly subnet: Subnet;
  readonly text: string;
  readonly by: ParsedSource;
}

/**
 * Reports overlapping subnets of bridges, of which one host can have only one: the later one is refused, as at start.
 * (The other drivers share an existing network.) Reports fixed addresses outside their network, too.
 */
export function reportAddressConflicts(outcomes: readonly SourceOutcome[]): void {
  const claims: Claim[] = [];
  for (const outcome of outcomes) {
    if (outcome.parsed.type.extension === "network") claims.push(...reportOverlaps(outcome, claims));
    else if (outcome.references.length > 0) reportOutside(outcome);
  }
}

function reportOverlaps({ parsed, report }: SourceOutcome, others: readonly Claim[]): Claim[] {
  const driver = lastEntry(parsed.sections.get("Network"), "Driver");
  if (report.hasErrors || (driver !== undefined && !["", "bridge"].includes(unquoteString(driver.value)))) return [];
  const claims: Claim[] = [];
  for (const value of subnetsOf(parsed)) {
    const subnet = parseSubnet(value.text);
    if (subnet === undefined) continue;
    const other = [...others, ...claims].find((claim) => subnetsOverlap(claim.subnet, subnet));
    if (other === undefined) {
      claims.push({ subnet, text: value.text, by: parsed });
      continue;
    }
    const whose = other.by === parsed ? "" : ` of ${other.by.source.name}`;
    report.value(value, { code: "overlapping-subnets", message: `${value.text} overlaps ${other.text}${whose}` });
  }
  return claims;
}

function reportOutside({ parsed, report, references }: SourceOutcome): void {
  const networks = references.filter(({ target, kind }) => kind === "uses" && target.type.extension === "network");
  for (const { target, value } of networks) {
    for (const [address, at] of optionAddresses(value.text)) {
      const problem = outsideOf(target, address);
      if (problem !== undefined) report.value(value, { ...problem, at });
    }
  }
  const [only, second] = networks;
  if (only === undefined || second !== undefined) return;
  for (const key of ["IP", "IP6"]) {
    const entry = lastEntry(parsed.sections.get(parsed.type.section), key);
    if (entry === undefined) continue;
    const problem = outsideOf(only.target, unquoteString(entry.value));
    if (problem !== undefined) report.at(entry, 0, { ...problem, message: `${key}: ${problem.message}` });
  }
}

/** The fixed addresses of a `Network=NAME:ip=ADDRESS,…`, and where they begin. */
function optionAddresses(text: string): [address: string, at: number][] {
  return Array.from(text.matchAll(/(?<=[:,]ip6?=)[^,]+/g), ({ 0: address, index }) => [address, index]);
}

function outsideOf(network: ParsedSource, address: string) {
  const subnets = subnetsOf(network).map(({ text }) => text);
  // Without a subnet, the network gets a free one.
  if (subnets.length === 0 || isDeferred(address)) return undefined;
  const problem = addressOutside(address, subnets);
  return problem === undefined ? undefined : { ...problem, message: `${problem.message}, of ${network.source.name}` };
}

function subnetsOf(network: ParsedSource): Value[] {
  return listEntries(network.sections.get("Network"), "Subnet").map((entry) => ({
    text: entry.value,
    entry,
    offset: 0,
    end: entry.value.length,
  }));
}
