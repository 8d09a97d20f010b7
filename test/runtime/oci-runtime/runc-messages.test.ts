import { describe, expect, test } from "bun:test";
import { explainMessage } from "../../../src/runtime/oci-runtime/runc-messages.ts";

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
