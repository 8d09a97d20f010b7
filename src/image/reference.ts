import { IMAGE_NAME_PARTS, type ImageNameParts, lacksRegistry, splitImageName } from "../options/values/image-name.ts";
import { type Digest, isDigest } from "./document/digest.ts";
import { ImageError } from "./error.ts";

/** An image's full name: where it is, and which one. Either a tag or a digest, as podman stores them. */
export interface Reference {
  /** Host and port as in the name: `docker.io`, `registry.example:5000`, `localhost`. */
  readonly registry: string;
  /** Path in the registry: `library/nginx`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Names longer than this are refused by registries (distribution's reference grammar). */
const NAME_MAX = 255;

/**
 * Reads an image name as podman and docker do (grammar: distribution's `reference` package): a first component
 * with a dot, a colon or the name `localhost` is a registry; without one the name is short and means
 * `docker.io`, and `library/` there when it is a single word. Without tag and digest, the tag is `latest`; with
 * both, the digest decides and the tag is dropped. A leading `docker://` is allowed.
 * Throws ImageError `bad-reference`.
 */
export function parseReference(text: string): Reference {
  const refuse = (why: string): never => {
    throw new ImageError("bad-reference", `image name ${JSON.stringify(text)}: ${why}`);
  };
  const parts = splitImageName(text);
  const digest = parts.digest?.text;
  if (digest !== undefined && !isDigest(digest)) return refuse("what follows @ is not a sha256 digest");
  const tag = parts.tag?.text;
  if (tag !== undefined && !IMAGE_NAME_PARTS.tag.test(tag)) return refuse(`${JSON.stringify(tag)} is not a tag`);
  if (parts.repository.text === "" && parts.registry === undefined) return refuse("it is empty");
  const { registry, repository } = qualify(parts);
  if (!IMAGE_NAME_PARTS.registry.test(registry))
    return refuse(`${JSON.stringify(registry)} is not a registry's host name`);
  if (!IMAGE_NAME_PARTS.repository.test(repository)) {
    return refuse(repository !== repository.toLowerCase() ? "the name must be lower-case" : "the name is malformed");
  }
  if (registry.length + 1 + repository.length > NAME_MAX) return refuse(`longer than ${NAME_MAX} characters`);
  return digest === undefined ? { registry, repository, tag: tag ?? "latest" } : { registry, repository, digest };
}

/** The same, but undefined for a text that is no image name, as another tool may put into the store. */
export function parseReferenceIfValid(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

function qualify(parts: ImageNameParts): { registry: string; repository: string } {
  const named = parts.registry?.text ?? "docker.io";
  const registry = named === "index.docker.io" || named === "registry-1.docker.io" ? "docker.io" : named;
  const { text } = parts.repository;
  return { registry, repository: registry === "docker.io" ? libraryPath(text) : text };
}

function libraryPath(repository: string): string {
  return repository.includes("/") ? repository : `library/${repository}`;
}

/** The full name, as kept in the store and shown to people: `docker.io/library/nginx:1.27`. */
export function formatReference(reference: Reference): string {
  return `${repositoryName(reference)}${reference.digest ? `@${reference.digest}` : `:${reference.tag ?? "latest"}`}`;
}

/** The name without tag and digest: `docker.io/library/nginx`. */
export function repositoryName(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/**
 * The full names that a name from a user may mean, in the order in which podman looks for them in its own store:
 * a short name is first one that was built here (`localhost/`), then docker.io's.
 */
export function localCandidates(text: string): string[] {
  const full = formatReference(parseReference(text));
  return lacksRegistry(text) ? [formatReference(parseReference(`localhost/${text}`)), full] : [full];
}
