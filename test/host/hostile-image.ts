import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dir, type Member, tar } from "../image/support/tar.ts";
import type { Host, Result } from "./host.ts";

/** The answer that an image gets. */
export type Answer =
  /** It runs and prints this, with this exit code (0 if there is none). */
  | { readonly prints: string | RegExp; readonly exits?: number }
  /** berth does not start it, and says this. */
  | { readonly refused: string }
  /** The OCI runtime or the kernel does not start it. */
  | { readonly fails: string }
  /** It is not even pulled, and berth says this. */
  | { readonly unpulled: string };

/** An image that is sample image tools:1 with one more layer and another configuration. */
export interface HostileImage {
  readonly members?: readonly Member[];
  /** Members of the configuration's `config`; they may be of any type. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Members of the configuration itself. */
  readonly top?: Readonly<Record<string, unknown>>;
  /** Flags of the run. */
  readonly flags?: readonly string[];
  /** Words behind the image; a shell with LOOK if this is absent. */
  readonly command?: readonly string[];
  readonly terminal?: boolean;
  /** SOUND if this is absent. */
  readonly answer?: Answer;
}

export type HostileImages = Readonly<Record<string, HostileImage>>;

/** A folder and a file of the host to which images lead. */
export const CANARY = "/canary";

/** What no image may change: which files of the kernel are masked, and what the devices and mounts are. */
const LOOK = `wc -c < /proc/keys; wc -c < /proc/timer_list; stat -c %t:%T /dev/null; stat -fc %T /dev /proc /sys
  if grep -qs precious ${CANARY}/file; then echo ${CANARY}/file of the host is seen; fi`;
const SOUND: Answer = { prints: "0\n0\n1:3\ntmpfs\nproc\nsysfs\n" };

/** Words of an error that is no sentence of berth's, but the engine's or a kernel call's. */
const RAW =
  /TypeError|RangeError|SyntaxError|ReferenceError|is not (?:a function|iterable)|undefined|null bytes|JSON Parse|^\s+at |\b(?:ENOENT|EINVAL|ENOTDIR|ELOOP|EACCES|EISDIR|ENXIO|EEXIST)\b/m;

/** An image for each of some values with their answers, named by a word and a number. */
export function each<T>(
  word: string,
  values: readonly (readonly [value: T, answer?: Answer])[],
  image: (value: T) => HostileImage,
): HostileImages {
  return Object.fromEntries(
    values.map(([value, answer], at) => [
      `${word}-${at}`,
      { ...image(value), ...(answer === undefined ? {} : { answer }) },
    ]),
  );
}

/** Adds images to a layout that has one, `localhost/NAME:1` each. */
export function addImages(layout: string, images: HostileImages): void {
  const put = (bytes: Buffer | string) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(`${layout}/blobs/sha256/${hex}`, bytes);
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) };
  };
  const blob = (digest: string) => JSON.parse(readFileSync(`${layout}/blobs/${digest.replace(":", "/")}`, "utf8"));
  const index = JSON.parse(readFileSync(`${layout}/index.json`, "utf8"));
  const manifest = blob(index.manifests[0].digest);
  const base = blob(manifest.config.digest);
  for (const [name, { members = [], config, top }] of Object.entries(images)) {
    const layer = put(tar([dir("left"), ...members]));
    const changed = {
      ...base,
      config: { ...base.config, WorkingDir: "/", ...config },
      rootfs: { ...base.rootfs, diff_ids: [...base.rootfs.diff_ids, layer.digest] },
      history: [],
      ...top,
    };
    const document = {
      ...manifest,
      config: { ...manifest.config, ...put(JSON.stringify(changed)) },
      layers: [...manifest.layers, { mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    };
    index.manifests.push({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      ...put(JSON.stringify(document)),
      annotations: { "org.opencontainers.image.ref.name": `localhost/${name}:1` },
    });
  }
  writeFileSync(`${layout}/index.json`, JSON.stringify(index));
}

/** Pulls an image of a layout and runs it. Returns what is wrong with the answer, or undefined. */
export async function judge(
  host: Host,
  layout: string,
  name: string,
  image: HostileImage,
): Promise<string | undefined> {
  const { flags = [], command = ["sh", "-c", LOOK], terminal = false, answer = SOUND } = image;
  const pulled = await host.run(["berth", "pull", "--quiet", `oci:${layout}:localhost/${name}:1`], { timeout: 20_000 });
  if (pulled.exitCode !== 0 || "unpulled" in answer) return wrong(pulled, "unpulled" in answer ? answer : SOUND);
  const words = ["berth", "run", "--network", "none", ...flags, ...(terminal ? ["-it"] : [])];
  const argv = [...words, `localhost/${name}:1`, ...command];
  const quoted = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const ran = await host.run(terminal ? ["script", "-qec", quoted, "/dev/null"] : argv, { timeout: 20_000 });
  return wrong(terminal ? { ...ran, stdout: withoutTerminal(ran.stdout) } : ran, answer);
}

/** What a terminal has added: line ends, and the end of the input as script(1) types it. */
function withoutTerminal(text: string): string {
  return text.replaceAll("\r", "").replace(/^(?:\^[@D]\x08*)+/, "");
}

function wrong({ stdout, stderr, exitCode }: Result, answer: Answer): string | undefined {
  const said = `exit code ${exitCode}, ${JSON.stringify(stdout.slice(0, 300))}, ${JSON.stringify(stderr.slice(-400))}`;
  if (RAW.test(stderr) && stderr.startsWith("berth: ")) return said;
  if ("prints" in answer) {
    const { prints, exits = 0 } = answer;
    const fits = typeof prints === "string" ? stdout === prints : prints.test(stdout);
    return fits && exitCode === exits ? undefined : said;
  }
  if ("fails" in answer)
    return ![0, 137].includes(exitCode) && stdout === "" && stderr.includes(answer.fails) ? undefined : said;
  const why = "refused" in answer ? answer.refused : answer.unpulled;
  return exitCode >= 125 && exitCode <= 127 && stdout === "" && stderr.startsWith("berth: ") && stderr.includes(why)
    ? undefined
    : said;
}
