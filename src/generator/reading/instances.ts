import { decodeText, encodeText } from "../../unit/text.ts";
import { templateOf } from "../../unit/unit-name.ts";
import { fileTypeOf } from "./file-type.ts";
import type { Source, SourceText } from "./source.ts";

/**
 * The instances that have drop-ins of their own, but no file: `app@one.container.d/` beside app@.container. Each is its
 * template with them, without `[Install]`: settings start nothing. `folders` are the names of all folders of drop-ins.
 */
export function instancesWithDropIns(
  sources: readonly Source[],
  folders: Iterable<string>,
  dropInsOf: (name: string) => readonly SourceText[],
): Source[] {
  const byName = new Map(sources.map((source) => [source.name, source]));
  return [...folders].sort().flatMap((folder) => {
    const name = folder.slice(0, -".d".length);
    if (fileTypeOf(name) === undefined || byName.has(name)) return [];
    const template = byName.get(templateOf(name) ?? "");
    if (template === undefined) return [];
    const { content } = template;
    // With a name of its own for its service, each instance would have that same name.
    if (!(content instanceof Uint8Array) || /^[ \t]*ServiceName[ \t]*=/m.test(decodeText(content))) return [];
    return [{ ...template, name, content: withoutInstall(content), dropIns: dropInsOf(name) }];
  });
}

/** The text with the lines of `[Install]` empty, so that all others keep their numbers. */
function withoutInstall(content: Uint8Array): Uint8Array {
  let inside = false;
  const lines = decodeText(content)
    .split("\n")
    .map((line) => {
      const section = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1];
      if (section !== undefined) inside = section === "Install";
      return inside ? "" : line;
    });
  return encodeText(lines.join("\n"));
}
