import type { CommandLine } from "./command-line.ts";
import { addFlags } from "./key-flags.ts";
import type { KeyReader } from "./key-reader.ts";
import type { Report, Value } from "./report.ts";
import { quoted } from "./values/check.ts";

const MAPPING_KEYS: readonly string[] = ["UserNS", "UIDMap", "GIDMap", "SubUIDMap", "SubGIDMap"];
/** Quadlet's first way to say the same, which it still takes. */
const REMAP_KEYS: readonly string[] = ["RemapUsers", "RemapUid", "RemapGid"];

/** Adds the flags about a container's or a pod's user namespace. */
export function addUserMapping(line: CommandLine, keys: KeyReader, report: Report): void {
  const explicit = MAPPING_KEYS.some((key) => keys.has(key));
  const remap = REMAP_KEYS.find((key) => keys.mentions(key));
  if (explicit) addFlags(line, keys, ...MAPPING_KEYS);
  if (remap === undefined) return;
  if (explicit) {
    const entry = REMAP_KEYS.map((key) => keys.entry(key)).find((given) => given !== undefined);
    const message = "deprecated Remap keys are set along with explicit mapping keys";
    if (entry === undefined) report.file({ code: "contradiction", message });
    else report.item(entry, { code: "contradiction", message });
    return;
  }
  addRemap(line, keys, report);
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
    case "keep-id": {
      const message = (what: string): string => `RemapUsers=keep-id supports only a single value for ${what} mapping`;
      if (uids[1] !== undefined) refuse(report, uids[1], message("UID"));
      if (gids[1] !== undefined) refuse(report, gids[1], message("GID"));
      const options = [
        ...(uid === undefined ? [] : [`uid=${uid.text}`]),
        ...(gid === undefined ? [] : [`gid=${gid.text}`]),
      ];
      addUserns(line, "keep-id", options);
      return;
    }
    case "manual":
      for (const { text } of uids) line.plain("--uidmap").expanded(text);
      for (const { text } of gids) line.plain("--gidmap").expanded(text);
      return;
    default:
      if (users !== undefined) refuse(report, users, `unsupported RemapUsers option ${quoted(users.text)}`);
  }
}

function addUserns(line: CommandLine, mode: string, options: readonly string[]): void {
  line.plain("--userns").expanded(options.length === 0 ? mode : `${mode}:${options.join(",")}`);
}

function refuse(report: Report, value: Value, message: string): void {
  report.value(value, { code: "bad-remap", message });
}
