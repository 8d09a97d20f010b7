import { isDeferred, quoted } from "../../options/values/check.ts";
import { isShortName } from "../../options/values/image-name.ts";
import type { Report, Value } from "../reading/report.ts";

/** Warns of an image's name that leaves its registry to the configuration of the machine. */
export function warnOfShortName(image: Value, report: Report): void {
  if (isDeferred(image.text) || !isShortName(image.text)) return;
  const full = image.text.includes("/") ? image.text : `library/${image.text}`;
  const message = `${quoted(image.text)} is not a fully qualified image name`;
  report.value(image, { code: "short-name", message, hint: `docker.io/${full}, if that is meant` }, "warning");
}
