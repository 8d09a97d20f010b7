import { resolve } from "node:path";
import { readPrivateKey } from "../../image/encryption/private-key.ts";
import { RETRIES, type RetryPolicy } from "../../image/registry/retry.ts";
import { readRegistrySettings } from "../../image/registry/settings.ts";
import type { PullOptions } from "../../image/transport/pull.ts";
import { readTrust } from "../../image/trust/administrator.ts";
import type { PullWords } from "../../options/requests/run-request.ts";
import { valueIn } from "../../options/values/check.ts";
import { type Credentials, parseCredentials } from "../../options/values/pull.ts";
import { type CommandContext, CommandError } from "../program/command.ts";
import { wantedPlatform } from "./wanted-platform.ts";

/** The options of a pull from its flags. Throws CommandError (125), and ImageError `bad-settings`. */
export function toPullOptions(
  words: PullWords,
  { scope, env, cwd }: Pick<CommandContext, "scope" | "env" | "cwd">,
): Pick<PullOptions, "registries" | "trust" | "platform" | "credentials" | "retries" | "decryptionKeys"> {
  const path = (text: string | undefined) => (text === undefined ? undefined : resolve(cwd, text));
  const platform = wantedPlatform(words);
  const credentials = credentialsOf(words.creds);
  return {
    registries: readRegistrySettings({
      configDirs: scope.configDirs,
      env,
      uid: scope.uid,
      authFile: path(words.authfile),
      certDir: path(words.certDir),
      tlsVerify: words.tlsVerify,
    }),
    trust: readTrust({ env, uid: scope.uid }),
    retries: retryPolicy(words),
    decryptionKeys: (words.decryptionKey ?? []).map((text) => readPrivateKey(text, cwd)),
    ...(platform === undefined ? {} : { platform }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function credentialsOf(text: string | undefined): Credentials | undefined {
  if (text === undefined) return undefined;
  const credentials = valueIn(parseCredentials(text));
  if (credentials === undefined) throw new CommandError("--creds: write user:password", 125);
  return credentials;
}

/** podman's meaning: the number of tries after the first, and a wait that then does not grow. */
function retryPolicy({ retry, retryDelay }: PullWords): RetryPolicy {
  const attempts = retry === undefined ? RETRIES.attempts : retry + 1;
  if (retryDelay === undefined) return { ...RETRIES, attempts };
  return { attempts, firstDelayMs: retryDelay, maxDelayMs: retryDelay };
}
