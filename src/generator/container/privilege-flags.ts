import { itemsOf } from "../../options/flags/comma-list.ts";
import { RUN } from "../../options/flags/run-flags.ts";
import { quoted } from "../../options/values/check.ts";
import type { CommandLine } from "../making/command-line.ts";
import type { ContainerContext } from "../making/context.ts";

/** Adds the capabilities of a container. One that is both added and dropped is reported. */
export function addCapabilities(line: CommandLine, context: ContainerContext): void {
  const { container, report } = context;
  const bare = (text: string): string => text.toLowerCase().replace(/^cap_/, "");
  const dropped = container.list("DropCapability");
  const names = new Set(dropped.flatMap(({ text }) => itemsOf(RUN.capDrop, text)).map(({ text }) => bare(text)));
  for (const { text } of dropped) line.plain("--cap-drop").expanded(text.toLowerCase());
  for (const value of container.list("AddCapability")) {
    for (const { text, at } of itemsOf(RUN.capAdd, value.text)) {
      if (bare(text) === "all" || !names.has(bare(text))) continue;
      const message = `${quoted(text)} is dropped by DropCapability= as well`;
      report.value(value, { code: "contradiction", message, at });
    }
    line.plain("--cap-add").expanded(value.text.toLowerCase());
  }
}

/** Adds the kernel parameters of a container. Those of the host's network, if `network` is `host`, are reported. */
export function addSysctls(line: CommandLine, context: ContainerContext, network: string): void {
  const { container, report } = context;
  for (const value of container.list("Sysctl")) {
    for (const { text, at } of network === "host" ? itemsOf(RUN.sysctl, value.text) : []) {
      if (!text.startsWith("net.")) continue;
      const message = `${quoted(text)} would be set for the whole machine with Network=host`;
      report.value(value, { code: "bad-sysctl", message, hint: "set it in /etc/sysctl.d", at });
    }
    line.plain("--sysctl").expanded(value.text);
  }
}

/** Adds the user and group inside a container. */
export function addUser(line: CommandLine, context: ContainerContext): void {
  const { container, report } = context;
  const user = container.string("User");
  const group = container.string("Group");
  if (group !== undefined && !container.has("User")) {
    report.item(group.entry, { code: "group-without-user", message: "invalid Group set without User" });
  }
  if (user === undefined) return;
  if (group !== undefined && user.text.includes(":")) {
    const message = `${quoted(user.text)} in User= names a group already`;
    report.item(group.entry, { code: "contradiction", message });
  }
  line.plain("--user").expanded(group === undefined ? user.text : `${user.text}:${group.text}`);
}
