import { dirname, join, relative } from "node:path/posix";
import type { CommandTable } from "../cli/program/command-table.ts";
import { completionFiles } from "../completion/files.ts";
import { manualFiles } from "../manual/pages.ts";
import { STATIC_UNITS } from "../static-units.ts";

/** One file that `berth setup` installs. Paths are absolute, without the `--root` folder. */
export type InstalledFile =
  | { readonly path: string; readonly kind: "program" }
  | { readonly path: string; readonly kind: "text"; readonly text: string }
  | { readonly path: string; readonly kind: "link"; readonly target: string };

/**
 * Where fish looks whatever its environment. Below another prefix than /usr it looks only if XDG_DATA_DIRS names that,
 * which neither ssh nor a console's login sets.
 */
const FISH_COMPLETION = "/etc/fish/completions/berth.fish";

/**
 * All files of an installation below `prefix` (`/usr/local`). The program comes first, as links lead to it.
 */
export async function installation(prefix: string, table: CommandTable): Promise<InstalledFile[]> {
  const program = join(prefix, "bin/berth");
  const units = join(prefix, "lib/systemd/system");
  const userUnits = join(prefix, "lib/systemd/user");
  const share = (path: string, text: string): InstalledFile => ({
    kind: "text",
    path: join(prefix, "share", path),
    text,
  });
  return [
    { kind: "program", path: program },
    ...["system", "user"].map((kind) => link(join(prefix, `lib/systemd/${kind}-generators/berth-generator`), program)),
    ...STATIC_UNITS.flatMap(({ name, text: template, enabled, users }): InstalledFile[] => {
      const text = template.replaceAll("@BINDIR@", dirname(program));
      return [
        ...(users === "only" ? [] : [{ kind: "text" as const, path: join(units, name), text }]),
        ...(enabled ? [link(join(units, "multi-user.target.wants", name), join(units, name))] : []),
        ...(users ? [{ kind: "text" as const, path: join(userUnits, name), text }] : []),
      ];
    }),
    ...(await manualFiles(table)).map(({ name, section, text }) => share(`man/man${section}/${name}`, text)),
    ...(await completionFiles(table)).map(({ path, text }) =>
      path.startsWith("fish/") && prefix !== "/usr"
        ? { kind: "text" as const, path: FISH_COMPLETION, text }
        : share(path, text),
    ),
  ];
}

/** The file that lists the installed files, one absolute path a line, for `berth setup --uninstall`. */
export function listPath(prefix: string): string {
  return join(prefix, "share/berth/installed");
}

/** A link with a relative target, which stays right below another root. */
function link(path: string, target: string): InstalledFile {
  return { kind: "link", path, target: relative(dirname(path), target) };
}
