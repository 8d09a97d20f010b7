const TRUE: readonly string[] = ["true", "1", "t"];
const FALSE: readonly string[] = ["false", "0", "f"];

/** The value of a switch (`--flag=VALUE`) in the words that podman takes; undefined for any other. */
export function switchValue(text: string): boolean | undefined {
  return TRUE.includes(text) ? true : FALSE.includes(text) ? false : undefined;
}
