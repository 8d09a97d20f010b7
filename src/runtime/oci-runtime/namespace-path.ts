/**
 * The path by which an OCI runtime, or another program, reaches a namespace that this process has open as `fd`.
 *
 * The dot keeps runc (1.1.15) from taking the file for the namespace of this process, and the id maps of that for those
 * of this process: runc looks no further than /proc/NUMBER.
 */
export function namespacePath(fd: number): string {
  return `/proc/./${process.pid}/fd/${fd}`;
}
