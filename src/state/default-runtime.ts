import { DEFAULT_OCI_RUNTIME, type OciRuntimeName } from "../oci-runtimes.ts";
import { valueIn } from "../options/values/check.ts";
import { parseOciRuntime } from "../options/values/choice/oci-runtime.ts";
import type { Scope } from "../scope.ts";
import { SystemError } from "../system/error.ts";
import { settingsTexts } from "../system/settings/settings-files.ts";

const SECTION = "runtime";
const KEY = "Runtime";

/**
 * The OCI runtime of containers that name none: that of berth.conf, or berth's own default.
 *
 *     [runtime]
 *     Runtime=crun
 *
 * Every start asks, and most machines have no such file, so what reads one is loaded only then. Rejects with
 * SystemError "bad-settings".
 */
export async function defaultRuntime({ configDirs }: Pick<Scope, "configDirs">): Promise<OciRuntimeName> {
  const texts = settingsTexts(configDirs);
  if (texts.length === 0) return DEFAULT_OCI_RUNTIME;
  const { settingsSections } = await import("../system/settings/settings-sections.ts");
  for (const { path, text } of texts) {
    for (const [section, values] of settingsSections(text)) {
      if (section !== SECTION) continue;
      const named = runtimeIn(values, path);
      if (named !== undefined) return named;
    }
  }
  return DEFAULT_OCI_RUNTIME;
}

/** A misspelt key would leave every container with the other program. */
function runtimeIn(values: Readonly<Record<string, unknown>>, path: string): OciRuntimeName | undefined {
  const unknown = Object.keys(values).find((key) => key !== KEY);
  if (unknown !== undefined)
    throw new SystemError("bad-settings", `${path}: [${SECTION}] has no key ${unknown}, only ${KEY}=`);
  const value = values[KEY];
  if (value === undefined) return undefined;
  const parsed = parseOciRuntime(String(value));
  const name = valueIn(parsed);
  if (name !== undefined) return name;
  const why = "problem" in parsed ? `${parsed.problem.message} (${parsed.problem.hint})` : "it has to be a name";
  throw new SystemError("bad-settings", `${path}: [${SECTION}] ${KEY}=: ${why}`);
}
