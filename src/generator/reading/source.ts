import { quoted, valueIn } from "../../options/values/check.ts";
import { parseServiceName } from "../../options/values/name.ts";
import type { Diagnostic } from "../../unit/diagnostic.ts";
import { mergeUnitFiles } from "../../unit/drop-in.ts";
import type { Entry } from "../../unit/entry.ts";
import { indexSections, lastEntry, type SectionEntries } from "../../unit/lookup.ts";
import { decodeText } from "../../unit/text.ts";
import { parseUnitFile, type UnitFile } from "../../unit/unit-file.ts";
import { mangleUnitName, unitNameProblem } from "../../unit/unit-name.ts";
import { unquoteString } from "../../unit/words.ts";
import { defaultServiceName, type FileType, fileTypeOf } from "./file-type.ts";
import { looksLike } from "./foreign-text.ts";

/** The bytes of one file. */
export interface SourceText {
  /** Path to show in diagnostics. */
  readonly shownPath: string;
  /** The content, or the reason why it cannot be read. */
  readonly content: Uint8Array | { readonly failure: string };
}

/** A Quadlet file with its drop-ins, as found on disk. */
export interface Source extends SourceText {
  /** Base name: `app.container`. */
  readonly name: string;
  /** Absolute path, for SourcePath=; relative paths in the file are relative to its folder. */
  readonly path: string;
  /** In the order in which they are merged. */
  readonly dropIns: readonly SourceText[];
}

/** A source as read: merged with its drop-ins, and with the name of its service. */
export interface ParsedSource {
  readonly source: Source;
  readonly type: FileType;
  readonly file: UnitFile;
  readonly sections: ReadonlyMap<string, SectionEntries>;
  /** `app.service`. */
  readonly serviceName: string;
  /** The ServiceName= of that name, if there is one. */
  readonly serviceNameEntry?: Entry;
  /** Those of reading and syntax. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a source; undefined if its name is not that of a Quadlet file. */
export function parseSource(source: Source): ParsedSource | undefined {
  const type = fileTypeOf(source.name);
  if (type === undefined) return undefined;
  const diagnostics: Diagnostic[] = [];
  const parse = (text: SourceText): UnitFile => {
    if (text.content instanceof Uint8Array) return parseOwn(text.shownPath, text.content);
    const message = `cannot be read: ${text.content.failure}`;
    diagnostics.push({ path: text.shownPath, line: 0, column: 0, severity: "error", code: "unreadable", message });
    return { path: text.shownPath, items: [], diagnostics: [] };
  };
  const main = parse(source);
  const file = source.dropIns.length === 0 ? main : mergeUnitFiles(main, source.dropIns.map(parse));
  diagnostics.push(...file.diagnostics);
  const sections = indexSections(file);
  const entry = lastEntry(sections.get(type.section), "ServiceName");
  const wanted = entry === undefined ? undefined : unquoteString(entry.value);
  // A bad name is reported with the other values; the stub that reports it needs a good name.
  const usable = wanted === undefined ? undefined : valueIn(parseServiceName(wanted));
  const wantedName = `${usable ?? defaultServiceName(source.name, type)}.service`;
  const nameProblem = unitNameProblem(wantedName);
  if (nameProblem !== undefined) {
    const message = `${quoted(wantedName)} is no name for a service: ${nameProblem}`;
    diagnostics.push({ path: source.shownPath, line: 0, column: 0, severity: "error", code: "bad-file-name", message });
  }
  // The stub needs a name that systemd takes.
  const serviceName = nameProblem === undefined ? wantedName : (mangleUnitName(wantedName) ?? wantedName);
  return {
    source,
    type,
    file,
    sections,
    serviceName,
    ...(usable === undefined || entry === undefined ? {} : { serviceNameEntry: entry }),
    diagnostics,
  };
}

/** Parses the text. One that was meant for another program gets one diagnostic, not one for each line. */
function parseOwn(shownPath: string, content: Uint8Array): UnitFile {
  const file = parseUnitFile(shownPath, content);
  if (!file.diagnostics.some(({ code }) => code === "not-an-assignment")) return file;
  const what = looksLike(decodeText(content));
  if (what === undefined) return file;
  const message = `this looks like ${what}; a Quadlet file has sections with lines of KEY=VALUE`;
  const place = { path: shownPath, line: 0, column: 0 };
  return { ...file, items: [], diagnostics: [{ ...place, severity: "error", code: "not-a-unit-file", message }] };
}
