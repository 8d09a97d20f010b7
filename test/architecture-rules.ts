import { dirname, join, normalize } from "node:path/posix";

/** The project's files: path from its folder to text. */
export type Files = ReadonlyMap<string, string>;

/** The tables of docs/architecture.md. */
export interface ArchitecturePage {
  /** By room, the rooms that it may import. */
  readonly rooms: ReadonlyMap<string, readonly string[]>;
  /** By edge, the files below src/ that may touch it. */
  readonly edges: ReadonlyMap<string, readonly string[]>;
}

/** A file, what it may have though a rule says otherwise, and why. */
export type Exception = readonly [from: string, to: string, why: string];

/** The limit of files in a folder. */
const MOST_FILES = 25;
/** How many functions may be longer than biome.json allows. */
const MOST_LONG_FUNCTIONS = 8;
const MOST_COLUMNS = 120;

/** Rooms and folders that outsiders rely on. */
const LASTING = ["src/generator/", "src/unit/", "src/runtime/", "src/image/", "units/", "test/"];
/** Libraries that are there to be used. */
const LIBRARIES = ["dbus-next", "execa", "tar-stream", "undici", "ini", "commander"];

/** Folders of test/ that mirror no room: kinds of tests, what they are made of, and tests of scripts/. */
const OTHER_TESTS = ["golden", "fixtures", "host", "vm", "soak", "scripts"];

/** What each edge looks like in code. */
const EDGES: Readonly<Record<string, RegExp>> = {
  "kernel calls": /from "bun:ffi"|import\("bun:ffi"\)/,
  "child processes": /\bBun\.(spawn(Sync)?|\$)|"(node:)?child_process"|"execa"/,
  "D-Bus": /"dbus-next"/,
  // isIP() and its like only read a text.
  network:
    /"undici(\/[^"]*)?"|"node:(https?|http2|tls|dgram|dns)(\/promises)?"|^(?!import \{ isIP(v[46])? \}).*"node:net"|(?<![.\w])fetch\(|\bBun\.(connect|listen|serve|udpSocket)\b|new WebSocket\(/m,
};

/** Reads the tables. Throws if one is missing: without its table a rule would hold of everything. */
export function readPage(text: string): ArchitecturePage {
  return {
    rooms: new Map(
      rowsBelow(text, "Rooms and imports").map(([room = "", , may = ""]) => [room.slice(1, -1), names(may)]),
    ),
    edges: new Map(rowsBelow(text, "Edges").map(([edge = "", files = ""]) => [edge, names(files)])),
  };
}

/** The cells of the first table below a heading, row by row, without its head. */
function rowsBelow(text: string, heading: string): string[][] {
  const lines = text.split("\n");
  const start = lines.indexOf(`## ${heading}`);
  const first = lines.findIndex((line, index) => index > start && line.startsWith("|---"));
  if (start === -1 || first === -1) throw new Error(`docs/architecture.md has no table below "${heading}"`);
  const end = lines.findIndex((line, index) => index > first && !line.startsWith("|"));
  const rows = lines.slice(first + 1, end === -1 ? undefined : end);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in backquotes. */
function names(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

/** Imports from room to room that the table does not have, and rooms that only the code or only the table has. */
export function checkImports(files: Files, { rooms }: ArchitecturePage, exceptions: readonly Exception[]): string[] {
  const wrong: string[] = [];
  const seen = new Set<string>();
  const used = new Set<Exception>();
  for (const [path, text] of sources(files)) {
    const room = roomOf(path);
    seen.add(room);
    const may = rooms.get(room);
    if (may === undefined) wrong.push(`${path}: docs/architecture.md has no row for the room ${room}`);
    for (const target of importsOf(path, text)) {
      const to = roomOf(target);
      if (to === room || may === undefined || may.includes(to)) continue;
      const exception = exceptions.find(([from, into]) => path.startsWith(from) && target.startsWith(into));
      if (exception === undefined) wrong.push(`${path}: imports ${target}, and ${room} may not import ${to}`);
      else used.add(exception);
    }
  }
  const missing = [...rooms.keys()].filter((room) => !seen.has(room));
  return [
    ...wrong,
    ...missing.map((room) => `docs/architecture.md: there is no room ${room}`),
    ...unusedOf(exceptions, used),
  ];
}

/** Folders right below and further below src/ in which there are too many files. */
export function checkFolders(files: Files, exceptions: readonly Exception[]): string[] {
  const counts = new Map<string, number>();
  for (const path of files.keys()) {
    if (path.startsWith("src/")) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  const full = [...counts].filter(([, count]) => count > MOST_FILES);
  const used = new Set(exceptions.filter(([folder]) => full.some(([path]) => path === folder)));
  const wrong = full.filter(([path]) => !exceptions.some(([folder]) => folder === path));
  return [
    ...wrong.map(([path, count]) => `${path}/: ${count} files, of which ${MOST_FILES} are the limit`),
    ...unusedOf(exceptions, used),
  ];
}

/** Files that touch an edge and are not named for it, and names of files that do not. */
export function checkEdges(files: Files, { edges }: ArchitecturePage): string[] {
  const wrong: string[] = [];
  for (const [edge, pattern] of Object.entries(EDGES)) {
    const named = edges.get(edge) ?? [];
    const touching = [...sources(files)]
      .filter(([, text]) => pattern.test(withoutComments(text)))
      .map(([path]) => path);
    for (const path of touching.filter((path) => !named.includes(path.slice("src/".length))))
      wrong.push(`${path}: touches ${edge}, and docs/architecture.md does not name it for that`);
    for (const name of named.filter((name) => !touching.includes(`src/${name}`)))
      wrong.push(`docs/architecture.md: src/${name} does not touch ${edge}`);
  }
  const unknown = [...edges.keys()].filter((edge) => !(edge in EDGES));
  return [...wrong, ...unknown.map((edge) => `docs/architecture.md: no rule is about the edge "${edge}"`)];
}

/** The OCI runtime by its name, in code outside of its room; comments are words for people. */
export function checkRuntimeNames(files: Files, exceptions: readonly Exception[]): string[] {
  const named = [...sources(files)]
    .filter(([path]) => !path.startsWith("src/runtime/oci-runtime/"))
    .filter(([, text]) => /(?<![A-Za-z])(c?runc|crun)(?![a-z])|[a-z](Runc|Crun)(?![a-z])/.test(withoutComments(text)))
    .map(([path]) => path);
  const used = new Set(exceptions.filter(([from]) => named.includes(from)));
  const wrong = named.filter((path) => !exceptions.some(([from]) => from === path));
  return [...wrong.map((path) => `${path}: names the OCI runtime`), ...unusedOf(exceptions, used)];
}

/** Folders that have to be there. */
export function checkLasting(files: Files): string[] {
  const gone = LASTING.filter((folder) => ![...files.keys()].some((path) => path.startsWith(folder)));
  return gone.map((folder) => `${folder}: is gone, and is relied on`);
}

/** Libraries that are no dependencies, or are not imported by anything in src/. */
export function checkLibraries(files: Files): string[] {
  const { dependencies } = JSON.parse(files.get("package.json") ?? "{}") as { dependencies?: Record<string, string> };
  const texts = [...sources(files)].map(([, text]) => withoutComments(text));
  return LIBRARIES.flatMap((name) => [
    ...(dependencies?.[name] === undefined ? [`package.json: ${name} is no dependency`] : []),
    ...(texts.some((text) => new RegExp(`(from|import\\() ?"${name}[/"]`).test(text))
      ? []
      : [`src/: nothing imports ${name}`]),
  ]);
}

/** Lines of comments that are too long; the formatter sees to the length of code. */
export function checkComments(files: Files): string[] {
  const wrong: string[] = [];
  for (const [path, text] of files) {
    // What test hosts are made of stays as it is: with any change all of it is made anew.
    const comment = path.endsWith(".ts")
      ? /^\s*(\/\/|\/?\*)/
      : /^(scripts\/.*\.sh|\.ci\/run)$/.test(path)
        ? /^\s*#/
        : undefined;
    if (comment === undefined) continue;
    for (const [index, line] of text.split("\n").entries())
      if ([...line].length > MOST_COLUMNS && comment.test(line))
        wrong.push(`${path}:${index + 1}: a comment of more than ${MOST_COLUMNS} columns`);
  }
  return wrong;
}

/** Folders of tests for which there is none in src/. */
export function checkTestFolders(files: Files, exceptions: readonly Exception[]): string[] {
  const folders = (root: string) =>
    new Set([...files.keys()].filter((path) => path.startsWith(root)).map((path) => dirname(path).slice(root.length)));
  const rooms = folders("src/");
  const mirrors = (folder: string) => [...rooms].some((room) => room === folder || room.startsWith(`${folder}/`));
  const alone = [...folders("test/")].filter(
    (folder) => folder !== "" && !OTHER_TESTS.includes(folder.split("/")[0] ?? "") && !mirrors(folder),
  );
  const used = new Set(exceptions.filter(([from]) => alone.some((folder) => from === `test/${folder}`)));
  const wrong = alone.filter((folder) => !exceptions.some(([from]) => from === `test/${folder}`));
  return [...wrong.map((folder) => `test/${folder}/: there is no src/${folder}/`), ...unusedOf(exceptions, used)];
}

/** Functions that are longer than biome.json allows: few, and each with a reason. */
export function checkLongFunctions(files: Files): string[] {
  const places = [...sources(files)].flatMap(([path, text]) =>
    [...text.matchAll(/biome-ignore lint\/complexity\/noExcessiveLinesPerFunction:?(.*)/g)].map(([, why = ""]) => ({
      path,
      why,
    })),
  );
  return [
    ...places
      .filter(({ why }) => why.trim().length < 10)
      .map(({ path }) => `${path}: a long function without a reason`),
    ...(places.length > MOST_LONG_FUNCTIONS
      ? [
          `${places.length} long functions, of which ${MOST_LONG_FUNCTIONS} are the limit: ${places.map(({ path }) => path).join(", ")}`,
        ]
      : []),
  ];
}

function unusedOf(exceptions: readonly Exception[], used: ReadonlySet<Exception>): string[] {
  const unused = exceptions.filter((exception) => !used.has(exception));
  return unused.map(([from, to]) => `test/architecture.test.ts: the exception of ${from} (${to}) is not needed`);
}

/** The TypeScript files of src/. */
function* sources(files: Files): Iterable<[path: string, text: string]> {
  for (const [path, text] of files) if (path.startsWith("src/") && path.endsWith(".ts")) yield [path, text];
}

/** `runtime` of src/runtime/mount/bind.ts; of the files right below src/ "values", but for the executable's own. */
function roomOf(path: string): string {
  const [, first = "", second] = path.split("/");
  if (second !== undefined) return first;
  return first === "main.ts" ? first : "values";
}

/** The files of src/ that a file imports, for types and `await import()` too. */
function importsOf(path: string, text: string): string[] {
  const found = withoutComments(text).matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*"(\.[^"]+|#generator)"/g);
  return [...found]
    .map(([, to = ""]) => (to === "#generator" ? "src/generator/main.ts" : normalize(join(dirname(path), to))))
    .filter((to) => to.startsWith("src/"));
}

/** Comments that have lines of their own, or stand behind code: no text of berth has ` // ` in it. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, "");
}
