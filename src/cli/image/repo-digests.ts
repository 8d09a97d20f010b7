import type { Digest } from "../../image/document/digest.ts";
import { parseReferenceIfValid, repositoryName } from "../../image/reference.ts";

/** An image's names with its digest in place of the tag, each once: `registry.example/web@sha256:…`. */
export function repoDigests(names: readonly string[], digest: Digest): string[] {
  const references = names.map(parseReferenceIfValid).filter((name) => name !== undefined);
  return [...new Set(references.map((name) => `${repositoryName(name)}@${digest}`))];
}
