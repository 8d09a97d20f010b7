import { checkUser } from "../../options/values/name.ts";
import { checkPort } from "../../options/values/port.ts";
import { checkTimeSpan } from "../../options/values/time.ts";
import { keyTable, supported } from "./key.ts";

/** `[Berth]`: what berth adds to Quadlet's language, in a section that Podman passes over. */
export const BERTH_KEYS = keyTable([
  supported(
    "LoginUID",
    "string",
    "Audit login uid that the container's processes are sealed with: a user, a uid, or caller (who ran berth start)",
    "caller",
    { check: checkUser, flag: "loginuid" },
  ),
  supported(
    "SocketProxy",
    "string",
    "Port the payload listens on: connections of [Socket] are carried to it, for images that know nothing of socket activation",
    "8080",
    { check: checkPort },
  ),
  supported(
    "StopWhenIdle",
    "string",
    "With SocketProxy=: stop the container this long after the last connection",
    "5min",
    {
      check: checkTimeSpan,
    },
  ),
]);
