import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fields, list, number } from "../../json-fields.ts";
import type { Scope } from "../../scope.ts";
import { openLockFolder, withLock } from "../../state/lock.ts";
import { containerPaths, idLeasesDir } from "../../state/paths.ts";
import { surveyPods } from "../../state/pod-record.ts";
import { readRecordFile, recordFormat, writeRecordFile } from "../../state/record-format.ts";
import { listIfThere, removeIfThere } from "../../system/files.ts";
import { RuntimeError } from "../error.ts";
import type { IdSpan } from "./subordinate-ids.ts";

/** Ids of the host that belong to one container alone. */
export interface IdLease {
  readonly uid: readonly IdSpan[];
  readonly gid: readonly IdSpan[];
}

const idSpans = list(fields<IdSpan>({ start: number, size: number }));
const FORMAT = recordFormat<IdLease>(
  { noun: "the user namespace of", verb: "made", remedy: "restart its container" },
  { uid: idSpans, gid: idSpans },
);

/**
 * Takes `size` of the available uids and gids that no other container of the scope has. Each container's lease is a
 * file of its own, written under a lock, so containers that start at once never get the same ids. The lease of a
 * container without a bundle is void. Throws "user-namespace" if too few ids are left, and "corrupt-record".
 */
export function leaseIds(scope: Scope, id: string, size: number, available: IdLease): IdLease {
  const dir = idLeasesDir(scope);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return withLock("id leases", openLockFolder(dir), "exclusive", () => {
    releaseStaleIds(scope);
    // With a dot: the temporary file of a launcher that was killed. The ids of a lease that cannot be read may be any.
    const names = readdirSync(dir).filter((name) => !name.includes("."));
    const others = names.flatMap((name) => readRecordFile(join(dir, name), FORMAT, name) ?? []);
    const take = (kind: "uid" | "gid") => {
      const spans = takeSpans(
        available[kind],
        others.flatMap((lease) => lease[kind]),
        size,
      );
      if (spans !== undefined) return spans;
      throw new RuntimeError(
        "user-namespace",
        `no ${size} subordinate ${kind}s are left: ${others.length} containers have theirs out of ${total(available[kind])}`,
      );
    };
    const lease = { uid: take("uid"), gid: take("gid") };
    writeRecordFile(join(dir, id), FORMAT, lease);
    return lease;
  });
}

/** Gives a container's ids back. Nothing happens if it has none. */
export function releaseIds(scope: Scope, id: string): void {
  removeIfThere(join(idLeasesDir(scope), id));
}

/** Gives back the ids of containers and pods that are no more. */
export function releaseStaleIds(scope: Scope): void {
  const names = listIfThere(idLeasesDir(scope));
  if (names.length === 0) return;
  const { records, unread } = surveyPods(scope);
  // The ids of a pod whose record cannot be read are unknown.
  if (unread.length > 0) return;
  const pods = records.map(({ id }) => id);
  for (const name of names) {
    if (pods.includes(name)) continue;
    // A temporary file, still being written, has a longer name than the container's ID.
    if (!name.includes(".") && !existsSync(containerPaths(scope, name).bundle)) releaseIds(scope, name);
  }
}

/**
 * The first `size` free ids in a row, or else the first free ones in several spans; undefined if there are too few.
 */
export function takeSpans(available: readonly IdSpan[], taken: readonly IdSpan[], size: number): IdSpan[] | undefined {
  const free = available.flatMap((span) => gaps(span, taken)).toSorted((a, b) => a.start - b.start);
  const row = free.find((span) => span.size >= size);
  if (row !== undefined) return [{ start: row.start, size }];
  const spans: IdSpan[] = [];
  let missing = size;
  for (const span of free) {
    const part = Math.min(span.size, missing);
    if (part > 0) spans.push({ start: span.start, size: part });
    missing -= part;
  }
  return missing > 0 ? undefined : spans;
}

/** The free parts of a span. */
function gaps(span: IdSpan, taken: readonly IdSpan[]): IdSpan[] {
  const left: IdSpan[] = [];
  const end = span.start + span.size;
  let at = span.start;
  for (const other of taken.toSorted((a, b) => a.start - b.start)) {
    if (other.start + other.size <= at || other.start >= end) continue;
    if (other.start > at) left.push({ start: at, size: other.start - at });
    at = other.start + other.size;
  }
  if (at < end) left.push({ start: at, size: end - at });
  return left;
}

function total(spans: readonly IdSpan[]): number {
  return spans.reduce((sum, { size }) => sum + size, 0);
}
