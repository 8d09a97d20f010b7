import type { CommandContext } from "../program/command.ts";

/** Stops the service of a network or volume that has been removed, so that its next start creates that again. */
export async function stopResourceServiceOf(
  kind: "network" | "volume",
  name: string,
  context: CommandContext,
): Promise<void> {
  const { stopResourceService } = await import("../../runtime/systemd/resource-service.ts");
  const complaint = stopResourceService(context.scope, kind, name, context.env);
  if (complaint !== undefined) context.err(`berth: warning: ${complaint}\n`);
}
