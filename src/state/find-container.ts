import type { Scope } from "../scope.ts";
import { type ContainerRecord, readSoundRecord, surveyRecords } from "./container-record.ts";
import { StateError } from "./error.ts";
import { idOfName } from "./names.ts";
import { reportUnread } from "./record-format.ts";

/**
 * Finds a container by its name, its service (with or without ".service"), its ID or a prefix of that. Throws
 * "no-such-container", also for a prefix of several IDs, and "corrupt-record" or "newer-record" where the word may mean
 * a container whose record cannot be read.
 */
export function findContainer(scope: Scope, word: string): ContainerRecord {
  const id = word.includes("/") ? undefined : idOfName(scope, word);
  const named = id === undefined ? undefined : readSoundRecord(scope, id);
  if (named !== undefined) return named;
  const { records, unread } = surveyRecords(scope);
  const byUnit = records.find(({ unit }) => unit === word || unit === `${word}.service`);
  if (byUnit !== undefined) return byUnit;
  const byId = word === "" ? [] : records.filter((record) => record.id.startsWith(word));
  const [only] = byId;
  if (only !== undefined && byId.length === 1) return only;
  if (byId.length === 0) reportUnread({ unread });
  throw new StateError(
    "no-such-container",
    byId.length > 1 ? `the ID ${word} fits ${byId.length} containers` : `no container ${word} is running`,
  );
}
