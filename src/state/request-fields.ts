import type { IdMapping } from "../id-map.ts";
import { byTag, dictionary, fields, flag, list, number, oneOf, optional, text, texts } from "../json-fields.ts";
import type {
  HostEntry,
  MountRequest,
  NetworkAttachment,
  NetworkRequest,
  PortMapping,
  UserNamespaceRequest,
} from "../options/requests/run-request.ts";
import { PROTOCOLS } from "../options/values/port.ts";
import type { ProcessIdentity } from "../system/process-identity.ts";

/* Readers of members that several kinds of records share: parts of requests, and processes. */

export const processIdentity = fields<ProcessIdentity>({ pid: number, startTime: text });

export const portMapping = fields<PortMapping>({
  hostIp: text,
  hostPort: number,
  containerPort: number,
  range: number,
  protocol: oneOf(...PROTOCOLS),
});

export const hostEntry = fields<HostEntry>({ names: texts, address: text });

const attachment = fields<NetworkAttachment>({
  name: text,
  aliases: texts,
  ips: texts,
  mac: optional(text),
  interfaceName: optional(text),
});

export const networkRequest = byTag<NetworkRequest, "mode">("mode", {
  host: {},
  none: {},
  pod: {},
  container: { name: text },
  namespace: { path: text },
  pasta: { options: texts },
  bridge: { networks: list(attachment) },
});

const idMapping = fields<IdMapping>({
  inside: number,
  outside: number,
  size: number,
  ofHost: flag,
  extends: flag,
  kinds: list(oneOf("uid", "gid")),
});

export const userNamespaceRequest = byTag<UserNamespaceRequest, "mode">("mode", {
  host: {},
  "keep-id": { uid: optional(number), gid: optional(number), size: optional(number) },
  nomap: {},
  auto: { size: optional(number), uids: list(idMapping), gids: list(idMapping) },
  maps: { uids: list(idMapping), gids: list(idMapping) },
  subordinate: { users: text, groups: text },
  namespace: { path: text },
  container: { name: text },
});

const inMemory = { target: text, options: texts };

export const mountRequest = byTag<MountRequest, "type">("type", {
  bind: { source: text, target: text, options: texts },
  volume: {
    name: text,
    target: text,
    options: texts,
    subpath: optional(text),
    labels: optional(dictionary(text)),
  },
  anonymous: inMemory,
  tmpfs: inMemory,
  ramfs: inMemory,
  devpts: inMemory,
  glob: { pattern: text, target: text, options: texts },
  image: { image: text, target: text, options: texts, writable: flag, subpath: optional(text) },
});
