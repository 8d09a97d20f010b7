import { itemsOf } from "../../options/flags/comma-list.ts";
import { RUN } from "../../options/flags/run-flags.ts";
import { quoted, valueIn } from "../../options/values/check.ts";
import { overlapOf, parseIdMapping } from "../../options/values/user-namespace.ts";
import type { KeyReader } from "../reading/key-reader.ts";
import type { Report, Value } from "../reading/report.ts";
import type { CommandLine } from "./command-line.ts";
import { addFlags } from "./key-flags.ts";

const MAPPING_KEYS: readonly string[] = ["UserNS", "UIDMap", "GIDMap", "SubUIDMap", "SubGIDMap"];
/** Quadlet's older keys for the same, which it still takes. */
const REMAP_KEYS: readonly string[] = ["RemapUsers", "RemapUid", "RemapGid"];

/**
 * Adds the flags of the keys about user namespaces, which containers and pods share. Errors are reported. `ofUser`: the
 * ids are an ordinary user's.
 */
export function addUserMapping(line: CommandLine, keys: KeyReader, report: Report, ofUser: boolean): void {
  const explicit = MAPPING_KEYS.find((key) => keys.has(key));
  const old = REMAP_KEYS.find((key) => keys.mentions(key));
  if (explicit === undefined) {
    if (old !== undefined) addRemap(line, keys, report);
    return;
  }
  const both = old === undefined ? undefined : (keys.entry(old) ?? keys.entry(explicit));
  if (both !== undefined) {
    const message = "deprecated Remap keys are set along with explicit mapping keys";
    report.item(both, { code: "contradiction", message, hint: `keep ${explicit}=` });
  }
  const mode = keys.string("UserNS");
  if (mode !== undefined) {
    checkMode(mode, report, ofUser);
    line.plain("--userns").expanded(mode.text);
  }
  for (const [key, flag] of Object.entries({ UIDMap: "--uidmap", GIDMap: "--gidmap" })) {
    const values = keys.list(key);
    checkMap(values, report);
    for (const { text } of values) line.plain(flag).expanded(text);
  }
  addFlags(line, keys, "SubUIDMap", "SubGIDMap");
  checkKinds(mode, keys, report);
}

/** Reports ids that are mapped twice; `berth run` would refuse them. */
function checkMap(values: readonly Value[], report: Report): void {
  const items = values.flatMap((value) => itemsOf(RUN.uidmap, value.text).map(({ text }) => ({ value, text })));
  const known = items.flatMap(({ value, text }) => {
    const mapping = valueIn(parseIdMapping(text));
    return mapping === undefined ? [] : [{ value, mapping }];
  });
  const overlap = overlapOf(known.map(({ mapping }) => mapping));
  const overlapping = overlap === undefined ? undefined : known[overlap.at];
  if (overlap !== undefined && overlapping !== undefined) report.value(overlapping.value, overlap.problem);
}

function checkMode(mode: Value, report: Report, ofUser: boolean): void {
  if (mode.text !== "nomap" || ofUser) return;
  const message = "nomap leaves out the user whose container it is, which root cannot be";
  report.value(mode, { code: "not-for-root", message });
}

/** Reports two kinds of keys for the container's ids. */
function checkKinds(mode: Value | undefined, keys: KeyReader, report: Report): void {
  const map = ["UIDMap", "GIDMap"].find((key) => keys.has(key));
  const name = ["SubUIDMap", "SubGIDMap"].find((key) => keys.has(key));
  const said = mode === undefined || mode.text === "private" ? undefined : "UserNS";
  const [first, second] = [said, map, name].filter((key) => key !== undefined);
  const entry = second === undefined ? undefined : keys.entry(second);
  if (entry === undefined) {
    if (mode?.text === "private" && map === undefined && name === undefined)
      report.value(mode, {
        code: "bad-user-namespace",
        message: "private needs UIDMap=, GIDMap=, SubUIDMap= or SubGIDMap=",
      });
    return;
  }
  const message = `${first}= says already which ids the container has`;
  report.item(entry, { code: "contradiction", message, hint: "leave one of the two out" });
}

function addRemap(line: CommandLine, keys: KeyReader, report: Report): void {
  const users = keys.string("RemapUsers");
  const uids = keys.list("RemapUid");
  const gids = keys.list("RemapGid");
  const [uid] = uids;
  const [gid] = gids;
  switch (users?.text) {
    case undefined:
      if (uid !== undefined) refuse(report, uid, "UidMap set without RemapUsers");
      else if (gid !== undefined) refuse(report, gid, "GidMap set without RemapUsers");
      return;
    case "auto": {
      const size = keys.string("RemapUidSize");
      const options = [
        ...uids.map(({ text }) => `uidmapping=${text}`),
        ...gids.map(({ text }) => `gidmapping=${text}`),
        ...(size === undefined || Number(size.text) === 0 ? [] : [`size=${Number(size.text)}`]),
      ];
      addUserns(line, "auto", options);
      return;
    }
    case "keep-id":
      addUserns(line, "keep-id", [...keepIdOption("uid", uids, report), ...keepIdOption("gid", gids, report)]);
      return;
    case "manual":
      for (const { text } of uids) line.plain("--uidmap").expanded(text);
      for (const { text } of gids) line.plain("--gidmap").expanded(text);
      return;
    default:
      if (users !== undefined) refuse(report, users, `unsupported RemapUsers option ${quoted(users.text)}`);
  }
}

function keepIdOption(name: "uid" | "gid", [first, second]: readonly Value[], report: Report): string[] {
  const message = `RemapUsers=keep-id supports only a single value for ${name.toUpperCase()} mapping`;
  if (second !== undefined) refuse(report, second, message);
  return first === undefined ? [] : [`${name}=${first.text}`];
}

function addUserns(line: CommandLine, mode: string, options: readonly string[]): void {
  line.plain("--userns").expanded(options.length === 0 ? mode : `${mode}:${options.join(",")}`);
}

function refuse(report: Report, value: Value, message: string): void {
  report.value(value, { code: "bad-remap", message });
}
