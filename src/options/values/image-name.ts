import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";

/** The grammar of distribution's `reference` package, part by part. */
export const IMAGE_NAME_PARTS = {
  /** Host and port. */
  registry: new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`),
  /** The path in the registry. */
  repository: new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`),
  tag: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
  digest: /^sha256:[0-9a-f]{64}$/,
} as const;

/** A part of an image's name and its offset in the name. */
interface NamePart {
  readonly text: string;
  readonly at: number;
}

export interface ImageNameParts {
  /** Undefined for a short name. */
  readonly registry: NamePart | undefined;
  readonly repository: NamePart;
  readonly tag: NamePart | undefined;
  readonly digest: NamePart | undefined;
}

/** Splits `[docker://][REGISTRY/]REPOSITORY[:TAG][@DIGEST]`; checks nothing. */
export function splitImageName(text: string): ImageNameParts {
  const start = text.startsWith(DOCKER) ? DOCKER.length : 0;
  const at = text.indexOf("@", start);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tagged = colon >= start && colon > named.lastIndexOf("/");
  const path = tagged ? named.slice(start, colon) : named.slice(start);
  const slash = lacksRegistry(path) ? -1 : path.indexOf("/");
  return {
    registry: slash < 0 ? undefined : { text: path.slice(0, slash), at: start },
    repository: { text: path.slice(slash + 1), at: start + slash + 1 },
    tag: tagged ? { text: named.slice(colon + 1), at: colon + 1 } : undefined,
    digest: at < 0 ? undefined : { text: text.slice(at + 1), at: at + 1 },
  };
}

const DOCKER = "docker://";

/** `Image=`, as it was written: a name as podman and docker write it, or an image's id. */
export function parseImageName(text: string): Parsed<string> {
  if (isImageId(text)) return valid(text);
  if (isDeferred(text)) return DEFERRED;
  const bad = ({ text, at }: NamePart, why: string) => invalid("bad-image-name", `${quoted(text)} ${why}`, { at });
  const scheme = /^(https?):\/\//.exec(text)?.[0];
  if (scheme !== undefined) {
    const hint = `write ${text.slice(scheme.length)}`;
    return invalid("bad-image-name", `an image's name has no ${scheme}`, { hint });
  }
  const { registry, repository, tag, digest } = splitImageName(text);
  const { digest: digests, tag: tags, registry: registries, repository: repositories } = IMAGE_NAME_PARTS;
  if (digest !== undefined && !digests.test(digest.text)) return bad(digest, "is not a sha256 digest");
  if (tag !== undefined && !tags.test(tag.text)) return bad(tag, "is not a tag");
  if (registry !== undefined && !registries.test(registry.text)) return bad(registry, "is not a registry's host name");
  if (repositories.test(repository.text)) return valid(text);
  const lower = repository.text.toLowerCase() !== repository.text ? ": it has to be lower-case" : "";
  return bad(repository, `is not an image name${lower}`);
}

/** `Image=` of an `.image` file: a name, or one with a transport in front (`docker-archive:/srv/web.tar`). */
export function parseImageReference(text: string): Parsed<string> {
  return hasTransport(text) ? valid(text) : parseImageName(text);
}

/** Whether the text says where an image is rather than its name: containers-transports(5). */
export function hasTransport(value: string): boolean {
  return /^(?:docker-archive|oci|oci-archive|dir|docker-daemon|containers-storage):/.test(value);
}

/** Whether the text is a name without a registry, so that it may mean several images. Ids are unambiguous. */
export function isShortName(value: string): boolean {
  return !isImageId(value) && lacksRegistry(value);
}

/** Whether no registry comes first: a component with a dot or a colon, or `localhost` (podman's rule). */
export function lacksRegistry(name: string): boolean {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  return !name.startsWith(DOCKER) && !(/[.:]/.test(first) || first === "localhost");
}

/** Whether this is an image's ID in full: `sha256:` and 64 hexadecimal digits, or the digits alone. */
export function isImageId(value: string): boolean {
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(value);
}
