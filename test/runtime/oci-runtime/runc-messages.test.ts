import { describe, expect, test } from "bun:test";
import { explainMessage, lastErrorIn } from "../../../src/runtime/oci-runtime/runc-messages.ts";

/** As runc 1.1 writes them. */
const START = "unable to start container process";

describe("a message of runc's", () => {
  test.each([
    ["command-not-found", `${START}: exec: "nosuch": executable file not found in $PATH`],
    ["command-not-found", `${START}: exec: "/nosuch": stat /nosuch: no such file or directory`],
    ["command-not-found", "exec /app: no such file or directory"],
    ["command-not-executable", `${START}: exec: "/etc/passwd": permission denied`],
    ["command-not-executable", `${START}: exec: "/etc": is a directory`],
    ["command-not-executable", "exec /app: exec format error"],
    ["command-not-found", `error finding executable "nosuch" in PATH []: no such file or directory`],
    // The same words about something else than the program.
    ["oci-runtime", `${START}: error mounting "/data" to rootfs: no such file or directory`],
    ["oci-runtime", "container with given ID already exists"],
    ["oci-runtime", "runc ended with status 1"],
  ] as const)("means %s: %s", (code, message) => {
    expect(explainMessage(message)).toMatchObject({ code, message });
  });
});

describe("runc's log", () => {
  const line = (level: string, msg: string) => JSON.stringify({ level, msg, time: "2024-01-01T00:00:00Z" });

  test("gives its last error, without the introduction", () => {
    const log = [line("warning", "w"), line("error", "first"), line("error", "runc create failed: second"), ""];
    expect(lastErrorIn(log.join("\n"))).toBe("second");
    expect(lastErrorIn(line("error", "runc run failed: only"))).toBe("only");
  });

  test.each(["", "\n", line("warning", "w"), '{"level":"error","ms', "null", "7", '{"level":"error","msg":3}'])(
    "has no error in %j",
    (log) => {
      expect(lastErrorIn(log)).toBeUndefined();
    },
  );
});
