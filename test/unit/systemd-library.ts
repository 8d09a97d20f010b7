import { dlopen, JSCallback, type Pointer, ptr, read } from "bun:ffi";
import { decodeText, encodeText } from "../../src/unit/text.ts";

/** systemd's own parsing code, called in this process: the functions that its manager and tools are made of. */
export interface SystemdLibrary {
  readonly version: number;
  /** extract_first_word() until the value ends; undefined where systemd refuses the value. */
  splitWords(value: string, style: "command" | "paths"): string[] | undefined;
  /** What becomes of split words before the program sees them: `%%` and `%x`, then `$`, with the given environment. */
  expandArguments(words: readonly string[], environment: readonly string[]): string[];
  isUnitName(name: string): boolean;
  /** config_parse() of a file: the assignments it finds, or undefined if it gives up. */
  parse(path: string): Assignment[] | undefined;
}

export interface Assignment {
  readonly section: string;
  readonly line: number;
  readonly key: string;
  readonly value: string;
}

// ExtractFlags of systemd's src/basic/extract-word.h.
const CUNESCAPE = 1 << 1;
const UNQUOTE = 1 << 5;
const ANY_UNIT_NAME = 7;

/** Why systemd's own code cannot be asked on this machine, or undefined when it can. */
export function systemdMisses(library: SystemdLibrary | undefined): string | undefined {
  return library === undefined ? "needs libsystemd-shared" : undefined;
}

/** Why one of systemd's tools cannot be asked, or undefined when it can. */
export function toolMisses(name: string): string | undefined {
  return Bun.which(name) === null ? `needs ${name}` : undefined;
}

/** The library that systemd's programs on this machine share; undefined if there is none. */
export async function openSystemdLibrary(): Promise<SystemdLibrary | undefined> {
  for (const pattern of ["usr/lib/systemd/libsystemd-shared-*.so", "usr/lib/*/systemd/libsystemd-shared-*.so"]) {
    for await (const path of new Bun.Glob(pattern).scan({ cwd: "/", absolute: true })) {
      const version = /shared-(\d+)/.exec(path)?.[1];
      if (version !== undefined) return open(path, Number(version));
    }
  }
  return undefined;
}

function open(path: string, version: number): SystemdLibrary {
  const { symbols } = dlopen(path, {
    extract_first_word: { args: ["ptr", "ptr", "ptr", "i32"], returns: "i32" },
    specifier_printf: { args: ["ptr", "u64", "ptr", "ptr", "ptr", "ptr"], returns: "i32" },
    // Up to 253 it has two arguments and returns the list; passing more does no harm.
    replace_env_argv: { args: ["ptr", "ptr", "ptr", "ptr", "ptr"], returns: "ptr" },
    unit_name_is_valid: { args: ["ptr", "i32"], returns: "bool" },
    config_parse: {
      args: ["ptr", "ptr", "ptr", "ptr", "ptr", "ptr", "i32", "ptr", "ptr"],
      returns: "i32",
    },
  });

  const splitWords: SystemdLibrary["splitWords"] = (value, style) => {
    const text = cString(value);
    const at = new BigUint64Array([BigInt(ptr(text))]);
    const word = new BigUint64Array(1);
    const words: string[] = [];
    for (;;) {
      const flags = style === "command" ? CUNESCAPE | UNQUOTE : UNQUOTE;
      const result = symbols.extract_first_word(ptr(at), ptr(word), null, flags);
      if (result < 0) return undefined;
      if (result === 0) return words;
      words.push(stringAt(word[0]));
    }
  };

  const expandSpecifiers = (word: string): string => {
    const text = cString(word);
    const noTable = new BigUint64Array(3);
    const result = new BigUint64Array(1);
    const code = symbols.specifier_printf(ptr(text), 1n << 40n, ptr(noTable), null, null, ptr(result));
    if (code < 0) throw new Error(`specifier_printf: ${code}`);
    return stringAt(result[0]);
  };

  const expandArguments: SystemdLibrary["expandArguments"] = (words, environment) => {
    // It reads past the end of an empty list; a command line has a program at least.
    const argv = stringArray(["program", ...words.map(expandSpecifiers)]);
    const env = stringArray(environment);
    const out = new BigUint64Array(1);
    const returned = symbols.replace_env_argv(ptr(argv.list), ptr(env.list), ptr(out), null, null);
    const list = version < 254 ? Number(returned ?? 0) : Number(out[0]);
    const result: string[] = [];
    for (let slot = list; read.u64(slot as Pointer) !== 0n; slot += 8) result.push(stringAt(read.u64(slot as Pointer)));
    return result.slice(1);
  };

  const parse: SystemdLibrary["parse"] = (file) => {
    const found: Assignment[] = [];
    // (unit, filename, line, section, section line, key, type, value, data, userdata)
    const assign = new JSCallback(
      (_unit, _file, line: number, section: Pointer | null, _at, key: Pointer, _type, value: Pointer) => {
        found.push({
          section: section === null ? "" : stringAt(section),
          line,
          key: stringAt(key),
          value: stringAt(value),
        });
        return 0;
      },
      { args: ["ptr", "ptr", "u32", "ptr", "u32", "ptr", "i32", "ptr", "ptr", "ptr"], returns: "i32" },
    );
    // (table, section, key, &function, &type, &data, userdata)
    const slots: BigUint64Array[] = [];
    const memory = dlopen("libc.so.6", { memcpy: { args: ["ptr", "ptr", "u64"], returns: "ptr" } }).symbols;
    const lookup = new JSCallback(
      (_table, _section, _key, target: Pointer) => {
        const source = new BigUint64Array([BigInt(assign.ptr ?? 0)]);
        slots.push(source);
        memory.memcpy(target, ptr(source), 8n);
        return 1;
      },
      { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "ptr", "ptr"], returns: "i32" },
    );
    const name = cString(file);
    const code = symbols.config_parse(null, ptr(name), null, null, lookup.ptr, null, 0, null, null);
    assign.close();
    lookup.close();
    return code < 0 ? undefined : found;
  };

  const isUnitName = (name: string): boolean => symbols.unit_name_is_valid(ptr(cString(name)), ANY_UNIT_NAME);
  return { version, splitWords, expandArguments, isUnitName, parse };
}

function cString(text: string): Uint8Array {
  return Buffer.concat([encodeText(text), new Uint8Array(1)]);
}

function stringArray(texts: readonly string[]): { list: BigUint64Array; keep: Uint8Array[] } {
  const keep = texts.map(cString);
  return { list: new BigUint64Array([...keep.map((bytes) => BigInt(ptr(bytes))), 0n]), keep };
}

function stringAt(address: number | bigint | undefined): string {
  const bytes: number[] = [];
  for (let at = Number(address ?? 0); ; at++) {
    const byte = read.u8(at as Pointer);
    if (byte === 0) break;
    bytes.push(byte);
  }
  return decodeText(Uint8Array.from(bytes));
}
