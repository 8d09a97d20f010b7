import { isDeferred, type Problem, quoted } from "./check.ts";

/** The value of `idmap=`: `uids=0-1-10#10-11-10;gids=…`, or nothing for the container's own map. */
export function checkIdMap(value: string | undefined): Problem | undefined {
  if (value !== undefined && isDeferred(value)) return undefined;
  return {
    code: "not-supported-yet",
    message: `option idmap${value === undefined ? "" : `=${quoted(value)}`} is not supported yet`,
  };
}
