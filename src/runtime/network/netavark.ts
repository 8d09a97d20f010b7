import { RuntimeError } from "../error.ts";
import type { NetworkNamespace } from "./namespace.ts";

/** netavark's request for one container: what `netavark setup` and `teardown` read on standard input. */
export interface NetavarkRequest {
  container_id: string;
  container_name: string;
  port_mappings: { container_port: number; host_ip: string; host_port: number; protocol: string; range: number }[];
  networks: Record<string, { static_ips: string[]; interface_name: string; aliases: string[] }>;
  network_info: Record<string, unknown>;
}

/**
 * Runs `program` (netavark) on a namespace; `directory` is where it keeps its own files. Throws "network" with what it says.
 */
export async function runNetavark(
  program: string,
  directory: string,
  verb: "setup" | "teardown",
  namespace: NetworkNamespace,
  request: string,
): Promise<void> {
  const child = Bun.spawn([program, "--config", directory, verb, namespace.path], {
    stdin: Buffer.from(request),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (exitCode !== 0) throw new RuntimeError("network", `netavark ${verb}: ${netavarkError(stdout, stderr)}`);
}

/** netavark reports on standard output as {"error": …}. */
function netavarkError(stdout: string, stderr: string): string {
  try {
    const { error } = JSON.parse(stdout) as { error?: string };
    if (error !== undefined) return error;
  } catch {
    // Not JSON: say what there is.
  }
  return (stderr || stdout).trim() || "failed without a message";
}
