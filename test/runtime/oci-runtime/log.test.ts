import { describe, expect, test } from "bun:test";
import { lastErrorIn } from "../../../src/runtime/oci-runtime/log.ts";

describe("an OCI runtime's log", () => {
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
