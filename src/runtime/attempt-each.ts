/** Runs `work` for each item in turn, also after a failure; then throws the first error, if there was one. */
export async function attemptEach<T>(items: readonly T[], work: (item: T) => void | Promise<void>): Promise<void> {
  const failures: { readonly error: unknown }[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      failures.push({ error });
    }
  }
  const [first] = failures;
  if (first !== undefined) throw first.error;
}
