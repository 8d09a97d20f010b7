import { expect, test } from "bun:test";
import { explainMessage } from "../../../src/runtime/oci-runtime/crun-messages.ts";

/** As crun 1.8 and 1.21 write them. */
test.each([
  ["command-not-found", "executable file `nosuch` not found in $PATH: No such file or directory"],
  ["command-not-found", "executable file `/nosuch` not found: No such file or directory"],
  ["command-not-found", "exec container process (missing dynamic library?) `/app`: No such file or directory"],
  ["command-not-executable", "open executable: Permission denied"],
  ["command-not-executable", "exec container process `/app`: Exec format error"],
  ["command-not-executable", "exec container process `/etc`: Is a directory"],
  // The same words about something else than the program.
  ["oci-runtime", "mount `/data` to `data`: No such file or directory"],
  ["oci-runtime", "chdir to `/srv`: Permission denied"],
  ["oci-runtime", "crun ended with status 1"],
] as const)("%s is what crun means by: %s", (code, message) => {
  expect(explainMessage(message)).toMatchObject({ code, message });
});

test("what an old crun cannot do is said, with what to do instead", () => {
  const { code, message } = explainMessage("setrlimit (RLIM_MEMLOCK): Operation not permitted");
  expect([code, message]).toEqual(["oci-runtime", expect.stringContaining("use Runtime=runc")]);
});
