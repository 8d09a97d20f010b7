import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { errnoName } from "../../system/error.ts";
import { mount } from "../../system/mount.ts";
import { RuntimeError } from "../error.ts";
import { whyNoOverlay } from "./overlay-refusal.ts";

/** mount(2) takes one page of options, with a little room left for the other options and the terminating NUL. */
const LONGEST_OPTIONS = 3800;

/** An overlay to mount; without `upper` it is read-only. All paths are absolute, and all directories exist. */
export interface Overlay {
  readonly target: string;
  /** Lowest first; at least one, two without `upper`. */
  readonly lower: readonly string[];
  /** `volatile` (Linux 5.10): the upper layer is thrown away in the end, so overlayfs need not sync it. */
  readonly upper?: { readonly dir: string; readonly work: string; readonly volatile: boolean };
  /** The path for a temporary folder of links, which does not exist outside of the call. */
  readonly links: string;
  readonly inUserNamespace: boolean;
}

/**
 * Mounts an overlay, of any number of layers and with any characters in their paths. Throws "syscall", or "volume" with
 * the folder that cannot be part of one.
 */
export function mountOverlay(overlay: Overlay): void {
  try {
    mountAnyOverlay(overlay);
  } catch (cause) {
    const why = errnoName(cause) === undefined ? undefined : whyNoOverlay(overlay);
    throw why === undefined ? cause : new RuntimeError("volume", why, { cause });
  }
}

function mountAnyOverlay(overlay: Overlay): void {
  const { upper } = overlay;
  const lower = [...overlay.lower].reverse();
  // In a user namespace overlay's own attributes are named user.overlay.*, as they are in layers unpacked there.
  const extra = `${overlay.inUserNamespace ? ",userxattr" : ""}${upper?.volatile ? ",volatile" : ""}`;
  const plain = overlayOptions(lower, upper) + extra;
  if (plain.length <= LONGEST_OPTIONS && ![...lower, upper?.dir ?? "", upper?.work ?? ""].some(needsLink)) {
    mount("overlay", overlay.target, "overlay", 0, plain);
    return;
  }
  mountByShortNames(overlay, lower, extra);
}

/**
 * Mounts an image's layers, lowest first, read-only. `empty` is the path for a folder of empty layers, made if there
 * are too few.
 */
export function mountLayersReadOnly(
  target: string,
  empty: string,
  layers: readonly string[],
  inUserNamespace: boolean,
): void {
  // overlayfs without an upper layer needs two lower ones.
  const missing = Math.max(0, 2 - layers.length);
  const fillers = Array.from({ length: missing }, (_, index) => join(empty, `${index}`));
  for (const filler of fillers) mkdirSync(filler, { recursive: true, mode: 0o755 });
  // The empty folders go below the layers, since overlay shows the highest one's owner and mode of "/".
  mountOverlay({ target, lower: [...fillers, ...layers], links: join(empty, "links"), inUserNamespace });
}

function needsLink(path: string): boolean {
  return /[,:\\]/.test(path);
}

function overlayOptions(lower: readonly string[], upper: { dir: string; work: string } | undefined): string {
  const writable = upper === undefined ? "" : `,upperdir=${upper.dir},workdir=${upper.work}`;
  return `lowerdir=${lower.join(":")}${writable}`;
}

/**
 * Links with short names, relative to one folder, for more layers than fit in a page or paths that hold a separator.
 */
function mountByShortNames({ target, links, upper }: Overlay, lower: readonly string[], extra: string): void {
  mkdirSync(links, { recursive: true, mode: 0o700 });
  const names = lower.map((layer, index) => {
    symlinkSync(layer, join(links, index.toString(36)));
    return index.toString(36);
  });
  if (upper !== undefined) {
    symlinkSync(upper.dir, join(links, "upper"));
    symlinkSync(upper.work, join(links, "work"));
  }
  const before = process.cwd();
  process.chdir(links);
  try {
    const writable = upper === undefined ? undefined : { dir: "upper", work: "work" };
    mount("overlay", target, "overlay", 0, overlayOptions(names, writable) + extra);
  } finally {
    process.chdir(before);
    rmSync(links, { recursive: true, force: true });
  }
}
