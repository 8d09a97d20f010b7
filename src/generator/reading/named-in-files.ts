import { decodeText } from "../../unit/text.ts";
import type { Source, SourceText } from "./source.ts";

/** Whether a name is one of those that files have. */
export type NameTest = (name: string) => boolean;

/** What files name, whether they have errors or not. */
export interface NamedInFiles {
  readonly volumes: NameTest;
  /** `fullNames` gives the full names that a name in a file may mean. */
  readonly images: (fullNames: (name: string) => readonly string[]) => NameTest;
}

/**
 * The volumes and images that Quadlet files name. The text alone is read, not what would be made of it: a file with an
 * error names its data all the same. A specifier or a variable in a name may stand for anything.
 */
export function namedInFiles(sources: readonly Source[]): NamedInFiles {
  const lines = sources.flatMap((source) => linesOf(source).map((line) => ({ source, line })));
  const values = (key: string) =>
    lines.flatMap(({ line }) => (line.key === key && line.value !== "" ? [line.value] : []));
  const volumes = [
    ...values("VolumeName"),
    ...values("Volume").flatMap((value) => nameBefore(value, ":")),
    ...["Mount", "PodmanArgs"].flatMap(values).flatMap(namesInOptions),
    ...sources.filter(({ name }) => name.endsWith(".volume")).map(({ name }) => defaultName(name)),
  ];
  const images = values("Image");
  return {
    volumes: testOf(volumes),
    images: (fullNames) => testOf(images.flatMap((image) => (isPattern(image) ? [image] : fullNames(image)))),
  };
}

interface Line {
  readonly key: string;
  readonly value: string;
}

/** The assignments of a file and its drop-ins, lines that go on put together. */
function linesOf({ dropIns, ...file }: Source): Line[] {
  return [file, ...dropIns].flatMap(({ content }: Pick<SourceText, "content">) => {
    if (!(content instanceof Uint8Array)) return [];
    const text = decodeText(content).replace(/\\\r?\n/g, " ");
    return Array.from(text.matchAll(/^[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(.*?)[ \t\r]*$/gm), ([, key = "", value = ""]) => ({
      key,
      value: value.replace(/^"(.*)"$/, "$1"),
    }));
  });
}

/** The part before a separator, if it can be the name of a volume: neither a path nor a unit. */
function nameBefore(value: string, separator: string): string[] {
  const name = value.slice(0, Math.max(value.indexOf(separator), 0));
  return name === "" || /^[./~]/.test(name) || name.endsWith(".volume") ? [] : [name];
}

/** Names in `type=volume,source=data` and in `--volume data:/data` and `-v data:/data`. */
function namesInOptions(value: string): string[] {
  const sources = Array.from(value.matchAll(/\b(?:source|src)=([^\s,"']+)/g), ([, name = ""]) => `${name}:`);
  const flags = Array.from(value.matchAll(/(?:^|\s)(?:--volume[=\s]|-v\s*)\s*(\S+)/g), ([, name = ""]) => name);
  return [...sources, ...flags].flatMap((word) => nameBefore(word, ":"));
}

/** `data.volume` makes the volume `systemd-data`; that of a template, one for each instance. */
function defaultName(file: string): string {
  const name = `systemd-${file.slice(0, -".volume".length)}`;
  return name.endsWith("@") ? `${name}%i` : name;
}

function isPattern(text: string): boolean {
  return /%[A-Za-z]|\$/.test(text);
}

function testOf(names: readonly string[]): NameTest {
  const fixed = new Set(names.filter((name) => !isPattern(name)));
  const patterns = names.filter(isPattern).map((name) => {
    const parts = name.split(/%[A-Za-z]|\$\{\w+\}|\$\w+/).map((part) => part.replaceAll("%%", "%"));
    return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
  });
  return (name) => fixed.has(name) || patterns.some((pattern) => pattern.test(name));
}
