import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Source, SourceText } from "../../generator/reading/source.ts";
import { PLAIN_ENVIRONMENT, runProgram } from "../../system/process.ts";
import { isInstalled } from "../../system/programs.ts";
import type { Diagnostic } from "../../unit/diagnostic.ts";
import { decodeText } from "../../unit/text.ts";

/** How long systemd's verifier may take: milliseconds. */
const TIMEOUT = 20_000;

/** Sections that are systemd's own. */
const SYSTEMS: ReadonlySet<string> = new Set(["Unit", "Service", "Install"]);

/**
 * What systemd itself says of the lines of `[Unit]`, `[Service]` and `[Install]` in the files and their drop-ins: keys
 * that it does not know, and values that it would drop without a word at start. Nothing where its verifier
 * (systemd-analyze(1)) is not installed. The files are not changed, and need not be free of errors.
 */
export function verifySections(sources: readonly Source[], scope: "system" | "user"): Diagnostic[] {
  const texts = sources.flatMap(({ dropIns, ...file }) => [file, ...dropIns]);
  const units = texts.flatMap((text, at) => {
    const unit = systemsPart(text);
    return unit === undefined ? [] : [{ name: `checked-${at}.service`, unit, shownPath: text.shownPath }];
  });
  if (units.length === 0 || !isInstalled("systemd-analyze")) return [];
  const dir = mkdtempSync(join(tmpdir(), "berth-check-"));
  try {
    for (const { name, unit } of units) writeFileSync(join(dir, name), unit);
    const words = ["verify", "--recursive-errors=no", `--${scope}`, ...units.map(({ name }) => join(dir, name))];
    const { stderr } = runProgram("systemd-analyze", words, { env: PLAIN_ENVIRONMENT, timeout: TIMEOUT });
    const shownPaths = new Map(units.map(({ name, shownPath }) => [name, shownPath]));
    return findingsIn(stderr, dir).flatMap(({ unit, line, message }) => {
      const path = shownPaths.get(unit);
      return path === undefined ? [] : [{ path, line, column: 1, severity: "warning", code: "systemd", message }];
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * The text as a service with the lines of systemd's sections at their places, and nothing else but a command; undefined
 * if it has no such line.
 */
export function systemsPart({ content }: SourceText): string | undefined {
  if (!(content instanceof Uint8Array)) return undefined;
  let inside = false;
  let some = false;
  const lines = decodeText(content)
    .split("\n")
    .map((line) => {
      const section = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1];
      if (section !== undefined) inside = SYSTEMS.has(section);
      else if (inside && /^\s*[^#;\s]/.test(line)) some = true;
      return inside ? line.replace(/\r$/, "") : "#";
    });
  return some ? [...lines, "", "[Service]", "ExecStart=/bin/true", ""].join("\n") : undefined;
}

/** A place in one of the verified files, by the file's name, and the line from 1. */
export interface Finding {
  readonly unit: string;
  readonly line: number;
  readonly message: string;
}

/** The lines of the verifier's output that name a place in one of the files: `/DIR/web.service:7: Unknown key …`. */
export function findingsIn(output: string, dir: string): Finding[] {
  return output.split("\n").flatMap((text) => {
    const rest = text.startsWith(`${dir}/`) ? text.slice(dir.length + 1) : "";
    const [, unit = "", line = "", message = ""] = /^([^:/]+):(\d+): (.+?)\.?$/.exec(rest) ?? [];
    return unit === "" ? [] : [{ unit, line: Number(line), message: `systemd: ${message}` }];
  });
}
