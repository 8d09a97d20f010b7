import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { PLAIN_ENVIRONMENT } from "../system/process.ts";
import { findProgram, type Program } from "../system/programs.ts";
import { TarError } from "./error.ts";

/** Bytes of what the program says that are kept for the error. */
const SAID_MAX = 1000;

/**
 * A stream through one of the distribution's programs: what is written is its standard input, what is read its standard
 * output. It fails with TarError `malformed` and the program's own words when that fails, and ends it when it is
 * destroyed. Throws "missing-program".
 */
export function programStream(program: Program, args: readonly string[]): Duplex {
  // No variable of the caller's has options for it (XZ_OPT).
  const child = spawn(findProgram(program), [...args], { env: { ...PLAIN_ENVIRONMENT, LC_ALL: "C" } });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (said.length < SAID_MAX) said += chunk.toString("latin1");
  });
  // It ends before its input does when that is bad: "close" has the reason.
  child.stdin.on("error", () => {});
  const stream = new Duplex({
    write: (chunk, _, done) => {
      if (child.stdin.writable) child.stdin.write(chunk, () => done());
      else done();
    },
    final: (done) => {
      child.stdin.end();
      done();
    },
    read: () => {
      child.stdout.resume();
    },
    destroy: (error, done) => {
      child.kill("SIGKILL");
      done(error);
    },
  });
  child.stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.on("error", (cause) => stream.destroy(new TarError("malformed", `run ${program}`, { cause })));
  child.on("close", (code) => {
    if (code === 0) stream.push(null);
    else stream.destroy(new TarError("malformed", `${program}: ${firstLine(said) || "it was ended"}`));
  });
  return stream;
}

/** Without the program's own name, and the words for standard input. */
function firstLine(text: string): string {
  const line = text.split("\n").find((it) => it.trim() !== "") ?? "";
  return line.replace(/^[^ ]*: (?:\(stdin\): )?/, "").trim();
}
