import { parseDiffId, parseDigest } from "../../src/image/document/digest.ts";
import type { ImageConfig } from "../../src/image/document/image-config.ts";
import type { StoredImage } from "../../src/image/store/store.ts";
import type { RunRequest } from "../../src/options/requests/run-request.ts";

/** A request that asks for nothing in particular. */
export const REQUEST: RunRequest = {
  name: "app",
  unit: "app.service",
  detach: true,
  sdnotify: "started",
  image: "registry.example/app:1",
  command: [],
  entrypoint: undefined,
  env: [],
  envFiles: [],
  envHost: false,
  workdir: undefined,
  user: undefined,
  hostname: undefined,
  mounts: [],
  network: {
    mode: "bridge",
    networks: [{ name: "berth", aliases: [], ips: [], mac: undefined, interfaceName: undefined }],
  },
  pod: undefined,
  ports: [],
  addHosts: [],
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  labels: {},
  annotations: {},
  capAdd: [],
  capDrop: [],
  noNewPrivileges: false,
  seccomp: undefined,
  readOnly: false,
  readOnlyTmpfs: true,
  stopSignal: undefined,
  unitSignal: undefined,
  stopTimeout: 10,
  timezone: undefined,
  ulimits: [],
  sysctls: {},
  shmSize: 64 * 1024 * 1024,
  init: false,
  pull: "missing",
  pullWords: {},
  tty: false,
  interactive: false,
  loginuid: undefined,
  userNamespace: { mode: "host" },
  idsOf: undefined,
  runtime: undefined,
  replace: false,
};

/** An image with an entrypoint and arguments for it. */
export const IMAGE: ImageConfig = {
  os: "linux",
  architecture: "amd64",
  variant: "",
  created: "",
  user: "",
  env: [],
  entrypoint: ["/entry"],
  command: ["cmd"],
  workingDirectory: "",
  labels: {},
  volumes: [],
  exposedPorts: [],
  stopSignal: "",
  diffIds: [],
  json: {},
};

/** The same in the store. */
export const STORED_IMAGE: StoredImage = {
  reference: "registry.example/app:1",
  manifestDigest: parseDigest(`sha256:${"1".repeat(64)}`),
  configDigest: parseDigest(`sha256:${"2".repeat(64)}`),
  config: IMAGE,
  layers: [parseDiffId(`sha256:${"3".repeat(64)}`)],
};
