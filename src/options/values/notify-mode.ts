import { invalid, type Parsed, valid } from "./check.ts";

/** Who notifies systemd that the unit is ready: berth once the payload runs, the payload itself, or neither. */
export type NotifyMode = "started" | "container" | "ignore";

/** `--sdnotify`. podman's `conmon` stands for `started`: its monitor notifies, as berth does. */
export function parseNotifyMode(text: string): Parsed<NotifyMode> {
  if (text === "conmon") return valid("started");
  if (text === "ignore" || text === "started" || text === "container") return valid(text);
  return invalid("bad-flag", "started, container or ignore");
}
