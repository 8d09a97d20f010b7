import { OCI_RUNTIMES } from "../../oci-runtimes.ts";
import { RUN } from "../../options/flags/run-flags.ts";
import { parseUser } from "../../options/values/name.ts";
import { parsePort } from "../../options/values/port.ts";
import { parseTimeSpan } from "../../options/values/time-span.ts";
import { carries, keyTable, supported } from "./key.ts";

/** `[Berth]`: berth's additions to Quadlet's language, in a section that Podman ignores. */
export const BERTH_KEYS = keyTable([
  supported(
    "LoginUID",
    "string",
    "Audit login uid that the container's processes are sealed with: a user, a uid, or caller (who ran berth start)",
    "caller",
    carries(RUN.loginuid, parseUser),
  ),
  supported(
    "Runtime",
    "string",
    `OCI runtime that makes the container: ${OCI_RUNTIMES.join(" or ")}; the default is in berth.conf(5)`,
    OCI_RUNTIMES[1],
    carries(RUN.runtime),
  ),
  supported(
    "SocketProxy",
    "string",
    "Port the payload listens on: connections of [Socket] are carried to it, for images that know nothing of socket activation",
    "8080",
    { parse: parsePort },
  ),
  supported(
    "StopWhenIdle",
    "string",
    "With SocketProxy=: stop the container this long after the last connection",
    "5min",
    {
      parse: parseTimeSpan,
    },
  ),
]);
