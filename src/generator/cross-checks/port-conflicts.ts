import { valueIn } from "../../options/values/check.ts";
import { type PortMapping, parsePublishedPort } from "../../options/values/port.ts";
import type { Entry } from "../../unit/entry.ts";
import { listEntries } from "../../unit/lookup.ts";
import type { SourceOutcome } from "../making/source-outcome.ts";

/** A port of the host that a file publishes. */
interface Claim {
  readonly by: SourceOutcome;
  readonly port: PortMapping;
}

/**
 * Reports a port of the host that one file publishes twice, which no start can do, and warns of one that two files
 * publish: only one of their services can run at a time.
 */
export function reportPortConflicts(outcomes: readonly SourceOutcome[]): void {
  const claims = new Map<string, Claim[]>();
  for (const outcome of outcomes) {
    const { parsed, report } = outcome;
    // Each instance of a template has ports by its own name, or the template has one instance.
    if (report.hasErrors || parsed.source.name.includes("@")) continue;
    for (const entry of listEntries(parsed.sections.get(parsed.type.section), "PublishPort"))
      claimPorts(outcome, entry, claims);
  }
}

function claimPorts(by: SourceOutcome, entry: Entry, claims: Map<string, Claim[]>): void {
  for (const item of entry.value.split(",")) {
    const port = valueIn(parsePublishedPort(item));
    if (port === undefined || port.hostPort === 0) continue;
    const first = conflict(by, port, claims);
    if (first !== undefined) reportConflict(by, entry, first);
    for (let at = 0; at < port.range; at++) {
      const key = `${port.hostPort + at}/${port.protocol}`;
      claims.set(key, [...(claims.get(key) ?? []), { by, port }]);
    }
  }
}

/** An earlier claim of the same port at the same or at all addresses. */
function conflict(by: SourceOutcome, port: PortMapping, claims: ReadonlyMap<string, readonly Claim[]>) {
  for (let at = 0; at < port.range; at++) {
    const number = port.hostPort + at;
    const others = claims.get(`${number}/${port.protocol}`) ?? [];
    const found = others.findLast((other) => meets(other.port.hostIp, port.hostIp));
    if (found !== undefined) return { number, protocol: port.protocol, with: found.by === by ? undefined : found.by };
  }
  return undefined;
}

/** An empty address is every one; `0.0.0.0` is every one of IPv4, `::` of both. */
function meets(a: string, b: string): boolean {
  const everything = (ip: string) => ip === "" || ip === "::";
  const every4 = (ip: string, other: string) => ip === "0.0.0.0" && !other.includes(":");
  return a === b || everything(a) || everything(b) || every4(a, b) || every4(b, a);
}

function reportConflict(
  { report }: SourceOutcome,
  entry: Entry,
  { number, protocol, with: other }: NonNullable<ReturnType<typeof conflict>>,
): void {
  const port = `PublishPort: port ${number}/${protocol} of the host`;
  if (other === undefined) {
    report.at(entry, 0, { code: "port-twice", message: `${port} is published twice` });
    return;
  }
  const message = `${port} is published by ${other.parsed.source.name} too: only one of them can run at a time`;
  report.at(entry, 0, { code: "port-taken", message }, "warning");
}
