import { ImageError } from "../error.ts";
import type { Descriptor, ImageIndex, Platform } from "./manifest.ts";

/** Go's names for processors, which images use, by Node's names. */
const ARCHITECTURES: Readonly<Record<string, Platform>> = {
  x64: { os: "linux", architecture: "amd64", variant: "" },
  ia32: { os: "linux", architecture: "386", variant: "" },
  arm64: { os: "linux", architecture: "arm64", variant: "v8" },
  arm: { os: "linux", architecture: "arm", variant: "v7" },
};

/** The platform of a machine, from node's `process.arch`. */
export function platformOf(arch: string): Platform {
  return ARCHITECTURES[arch] ?? { os: "linux", architecture: arch, variant: "" };
}

/** Whether an image was built for the platform; members that either side leaves empty fit. */
export function isForPlatform({ config }: { readonly config: Platform }, wanted: Platform): boolean {
  const same = (own: string, asked: string) => own === "" || asked === "" || own === asked;
  return (
    same(config.os, wanted.os) && same(config.architecture, wanted.architecture) && same(config.variant, wanted.variant)
  );
}

/** `os/arch[/variant]` or `arch`, as `--platform` takes it. Throws ImageError `bad-settings`. */
export function parsePlatform(text: string): Platform {
  const [os = "", architecture = "", variant = "", more] = text.split("/");
  if (os === "" || more !== undefined)
    throw new ImageError("bad-settings", `platform ${JSON.stringify(text)}: write os/arch/variant`);
  return architecture === "" ? { os: "linux", architecture: os, variant } : { os, architecture, variant };
}

/** Variants that a processor of the key's kind also runs, best first; "" is "the index does not say". */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  "arm64/": ["", "v8"],
  "arm64/v8": ["v8", ""],
  "arm/": ["v7", "v6", "v5", ""],
  "arm/v7": ["v7", "v6", "v5", ""],
  "arm/v6": ["v6", "v5", ""],
  "arm/v5": ["v5", ""],
  "amd64/": ["", "v1"],
};

/** The image in an index that suits the platform best. Throws ImageError `no-platform`. */
export function choosePlatform(index: ImageIndex, wanted: Platform): Descriptor {
  const fits = index.manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const variants = VARIANTS[`${wanted.architecture}/${wanted.variant}`] ?? [wanted.variant, ""];
  for (const variant of variants) {
    const found = fits.find(({ platform }) => platform?.variant === variant);
    if (found !== undefined) return found;
  }
  const text = ({ os, architecture, variant }: Platform) =>
    [os, architecture, variant].filter((part) => part !== "").join("/");
  const offered = index.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [text(platform)]));
  throw new ImageError("no-platform", `no image for ${text(wanted)} (there is: ${[...new Set(offered)].join(", ")})`);
}
