import { type NamedInFiles, namedInFiles } from "../../generator/reading/named-in-files.ts";
import { findSources, searchDirectories } from "../../generator/reading/search.ts";
import type { CommandContext } from "../program/command.ts";

/** The volumes and images that the scope's installed files name. */
export function installedNames({ scope, env }: CommandContext): NamedInFiles {
  return namedInFiles(findSources(searchDirectories({ scope: scope.kind, uid: scope.uid, env }).directories));
}
