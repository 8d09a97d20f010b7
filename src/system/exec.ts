/** Becoming another program, execve(2). */
import { SystemError } from "./error.ts";
import { check, cString, libc, ptr } from "./libc.ts";

/**
 * execve(2): this process becomes `path`, with the variables of `env` that have a value. Throws "syscall", never
 * returns.
 */
export function execve(
  path: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): never {
  // The buffers must stay referenced until the call, because the arrays of pointers do not keep them alive.
  const argvStrings = argv.map(cString);
  const envStrings = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [cString(`${name}=${value}`)],
  );
  const pointers = (strings: readonly Buffer[]) =>
    new BigUint64Array([...strings.map((text) => BigInt(ptr(text))), 0n]);
  check(libc("execve")(ptr(cString(path)), ptr(pointers(argvStrings)), ptr(pointers(envStrings))), `execute ${path}`);
  throw new SystemError("syscall", `execute ${path}: returned`);
}

/** Lets `fd` live on over execve(2) (Node and Bun open everything close-on-exec). Throws "syscall". */
export function keepOverExec(fd: number): void {
  const F_SETFD = 2;
  check(libc("fcntl")(fd, F_SETFD, 0), `fcntl fd ${fd}`);
}
