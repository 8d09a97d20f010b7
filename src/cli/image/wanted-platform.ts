import type { Platform } from "../../image/document/manifest.ts";
import { parsePlatform, platformOf } from "../../image/document/platform.ts";
import type { PullWords } from "../../options/requests/run-request.ts";
import { CommandError } from "../program/command.ts";

/** The platform that the flags ask for; undefined when it is this machine's. Throws CommandError (125), ImageError. */
export function wantedPlatform(words: PullWords): Platform | undefined {
  const { platform, arch, os, variant } = words;
  if (platform !== undefined) {
    if (arch !== undefined || os !== undefined) throw new CommandError("--platform says what --arch and --os do", 125);
    return parsePlatform(platform);
  }
  if (arch === undefined && os === undefined && variant === undefined) return undefined;
  const own = platformOf(process.arch);
  return {
    os: os ?? own.os,
    architecture: arch ?? own.architecture,
    variant: variant ?? (arch === undefined ? own.variant : ""),
  };
}
