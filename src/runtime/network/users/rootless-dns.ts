import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeIfThere } from "../../../system/files.ts";
import { PLAIN_ENVIRONMENT, runProgram } from "../../../system/process.ts";
import type { ProcessIdentity } from "../../../system/process-identity.ts";
import { findProgram, type Program } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { type BerthProcess, userNamespaceOwner } from "../../user-namespace/enter.ts";
import { dnsPidFile, dnsServerDir, readPidFile, signalDnsServer } from "../connect/dns-server.ts";
import { enterRootlessNamespace, joinRootlessNetwork, ROOTLESS_UNITS } from "./rootless-namespace.ts";
import { readRootlessNamespace, rootlessPaths, writeDnsServer } from "./rootless-record.ts";

/** A network's name that no network can have. */
const PLACEHOLDER = "_berth";
/** How often, and how many times, to look for the server's process: milliseconds. */
const LOOK_MS = 10;
const LOOKS_MAX = 200;

/**
 * Runs for ROOTLESS_UNITS.dns: starts the DNS server, which netavark would start in the unit of the first container
 * with a name, with which it would end. It ends by itself when it has no network, so it gets one that no other can be.
 * Executes berth again in the rootless namespaces. Returns the server's process. Throws "network".
 */
export async function startRootlessDns(self: BerthProcess): Promise<ProcessIdentity> {
  const { scope, env } = self;
  enterRootlessNamespace(self);
  const rootless = userNamespaceOwner(env) === undefined ? undefined : readRootlessNamespace(scope);
  if (rootless === undefined || !joinRootlessNetwork(scope))
    throw new RuntimeError("network", `${ROOTLESS_UNITS.pasta} does not run`);
  const { directory } = rootlessPaths(scope);
  const config = dnsServerDir(scope);
  mkdirSync(config, { recursive: true, mode: 0o700 });
  writeFileSync(join(config, PLACEHOLDER), "127.0.0.53\n0 127.0.0.53  nobody\n");
  // One that netavark has started in a container's unit, while this unit was not active.
  signalDnsServer(scope, "SIGKILL");
  removeIfThere(dnsPidFile(scope));
  const resolvConf = join(directory, "resolv.conf");
  writeFileSync(resolvConf, rootless.resolvers.map((resolver) => `nameserver ${resolver}\n`).join(""));
  // This mount namespace is the DNS server's alone.
  if (existsSync("/etc/resolv.conf")) run("mount", ["--bind", resolvConf, "/etc/resolv.conf"]);
  run("aardvark-dns", ["--config", config, "-p", "53", "run"]);
  // It goes into the background, and writes its PID.
  for (let look = 0; look < LOOKS_MAX; look++) {
    const server = readPidFile(dnsPidFile(scope));
    if (server !== undefined) {
      writeDnsServer(scope, server);
      return server;
    }
    await Bun.sleep(LOOK_MS);
  }
  throw new RuntimeError("network", "aardvark-dns has ended");
}

function run(program: Program, args: readonly string[]): void {
  const { exitCode, stderr } = runProgram(program, args, { env: PLAIN_ENVIRONMENT });
  if (exitCode !== 0) throw new RuntimeError("network", `${findProgram(program)}: ${stderr}`);
}
