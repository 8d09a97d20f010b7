import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
/** The grammar of distribution's `reference` package, for what follows the registry. */
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** `Image=`, as it was written: a name as podman and docker write it, or an image's id. */
export function parseImageName(text: string): Parsed<string> {
  if (isImageId(text)) return valid(text);
  if (isDeferred(text)) return DEFERRED;
  const bad = (part: string, why: string, at: number) => invalid("bad-image-name", `${quoted(part)} ${why}`, { at });
  const scheme = /^(https?):\/\//.exec(text)?.[0];
  if (scheme !== undefined) {
    const hint = `write ${text.slice(scheme.length)}`;
    return invalid("bad-image-name", `an image's name has no ${scheme}`, { hint });
  }
  const start = text.startsWith("docker://") ? "docker://".length : 0;
  let name = text.slice(start);
  const digestAt = name.indexOf("@");
  if (digestAt >= 0) {
    const digest = name.slice(digestAt + 1);
    if (!DIGEST.test(digest)) return bad(digest, "is not a sha256 digest", start + digestAt + 1);
    name = name.slice(0, digestAt);
  }
  const colon = name.lastIndexOf(":");
  if (colon > name.lastIndexOf("/")) {
    const tag = name.slice(colon + 1);
    if (!TAG.test(tag)) return bad(tag, "is not a tag", start + colon + 1);
    name = name.slice(0, colon);
  }
  const slash = isShortName(name) ? -1 : name.indexOf("/");
  const registry = name.slice(0, Math.max(slash, 0));
  if (slash >= 0 && !REGISTRY.test(registry)) return bad(registry, "is not a registry's host name", start);
  const repository = name.slice(slash + 1);
  if (REPOSITORY.test(repository)) return valid(text);
  const lower = repository !== repository.toLowerCase() ? "is not an image name: it has to be lower-case" : undefined;
  return bad(repository, lower ?? "is not an image name", start + slash + 1);
}

/** `Image=` of an `.image` file: a name, or one with a transport in front (`docker-archive:/srv/web.tar`). */
export function parseImageReference(text: string): Parsed<string> {
  return hasTransport(text) ? valid(text) : parseImageName(text);
}

/** Whether the text says where an image is rather than its name: containers-transports(5). */
export function hasTransport(value: string): boolean {
  return /^(?:docker-archive|oci|oci-archive|dir|docker-daemon|containers-storage):/.test(value);
}

/**
 * Whether the name leaves its registry out. (Podman: a first component with a dot, a colon or the name `localhost` is
 * a registry; ids are unambiguous as well.)
 */
export function isShortName(value: string): boolean {
  if (value.startsWith("docker://") || isImageId(value)) return false;
  const slash = value.indexOf("/");
  const first = value.slice(0, Math.max(slash, 0));
  return slash < 0 || !(/[.:]/.test(first) || first === "localhost");
}

function isImageId(value: string): boolean {
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(value);
}
