import { readFileSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import { containerPaths } from "../../state/paths.ts";
import type { RuntimeSpec } from "../spec/runtime-spec.ts";

/** config.json as berth wrote it for the container. */
export function readSpec(scope: Scope, id: string): RuntimeSpec {
  return JSON.parse(readFileSync(containerPaths(scope, id).config, "utf8")) as RuntimeSpec;
}
