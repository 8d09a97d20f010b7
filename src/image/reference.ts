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

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const HOST =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
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
  let rest = text.startsWith("docker://") ? text.slice("docker://".length) : text;
  let digest: Digest | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    const suffix = rest.slice(at + 1);
    if (!isDigest(suffix)) return refuse("what follows @ is not a sha256 digest");
    digest = suffix;
    rest = rest.slice(0, at);
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    if (!TAG.test(tag)) return refuse(`${JSON.stringify(tag)} is not a tag`);
    rest = rest.slice(0, colon);
  }
  if (rest === "") return refuse("it is empty");
  const { registry, repository } = splitName(rest);
  if (!HOST.test(registry)) return refuse(`${JSON.stringify(registry)} is not a registry's host name`);
  if (!REPOSITORY.test(repository)) {
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

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const qualified = slash > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = qualified ? first : "docker.io";
  const repository = qualified ? name.slice(slash + 1) : name;
  if (registry === "index.docker.io" || registry === "registry-1.docker.io") {
    return { registry: "docker.io", repository: libraryPath(repository) };
  }
  return { registry, repository: registry === "docker.io" ? libraryPath(repository) : repository };
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
 * Whether this is an image's ID in full, which is no name: `sha256:` and 64 hexadecimal digits, or the digits alone.
 */
export function isImageId(text: string): boolean {
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(text);
}

/** Whether the name leaves out its registry, so that it may also mean an image that was built here. */
export function isShortName(text: string): boolean {
  const first = text.split("/", 1)[0] ?? "";
  return !text.startsWith("docker://") && !(text.includes("/") && (/[.:]/.test(first) || first === "localhost"));
}

/**
 * The full names that a name from a user may mean, in the order in which podman looks for them in its own store:
 * a short name is first one that was built here (`localhost/`), then docker.io's.
 */
export function localCandidates(text: string): string[] {
  const full = formatReference(parseReference(text));
  return isShortName(text) ? [formatReference(parseReference(`localhost/${text}`)), full] : [full];
}
