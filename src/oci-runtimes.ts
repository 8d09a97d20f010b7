/**
 * The programs that berth can have make its containers (OCI runtime specification), as people name them. The first one
 * is the default. How each is run is in src/runtime/oci-runtime alone.
 */
export const OCI_RUNTIMES = ["runc", "crun"] as const;

export type OciRuntimeName = (typeof OCI_RUNTIMES)[number];

export const DEFAULT_OCI_RUNTIME: OciRuntimeName = OCI_RUNTIMES[0];

/**
 * Whether the program, in the foreground, gives a payload pipes of its own for output, which the payload can open by
 * name (/dev/stdout). Another one hands on what it was given, which in a service is a socket of the journal's.
 */
export function pipesOutput(name: OciRuntimeName): boolean {
  return name === "runc";
}
