/** One test of a run, as bun's JUnit report has it. */
export interface TestResult {
  readonly name: string;
  /** The describe blocks around it, outermost first. */
  readonly within: readonly string[];
  readonly seconds: number;
  readonly outcome: "passed" | "failed" | "skipped";
}

/** Reads a report of `bun test --reporter=junit`. Throws if it is none. */
export function readReport(xml: string): TestResult[] {
  if (!/<testsuites [^>]*>/.test(xml)) throw new Error("no report of tests");
  return [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(([, head = "", body = ""]) => ({
    name: attribute(head, "name"),
    // The innermost comes first there.
    within: attribute(head, "classname")
      .split(" > ")
      .filter((part) => part !== "")
      .reverse(),
    seconds: Number(attribute(head, "time")),
    outcome: /<(failure|error)\b/.test(body) ? "failed" : /<skipped\b/.test(body) ? "skipped" : "passed",
  }));
}

function attribute(head: string, name: string): string {
  return unescaped(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(head)?.[1] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', apos: "'", lt: "<", gt: ">", amp: "&" };

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (all, decimal, hexadecimal, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16));
    return ENTITIES[name] ?? all;
  });
}

/**
 * A test's full name, with its suite where it has one. Seeds and process IDs are left out, as they differ between runs.
 */
export function pairName({ name, within }: TestResult): string {
  return [...within, name].join(" > ").replace(/(SEED=|_PID":")\d+/, "$1…");
}
