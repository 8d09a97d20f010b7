import type { StoredImage } from "../image/store.ts";
import type { RunRequest } from "../runtime/run-request.ts";
import type { CommandContext } from "./command.ts";

export async function pullForStart(
  request: Pick<RunRequest, "image" | "pull">,
  context: CommandContext,
  onProgress: (line: string) => void,
): Promise<StoredImage> {
  throw new Error(`pull ${request.image}: not there yet ${context.cwd} ${onProgress.length}`);
}
