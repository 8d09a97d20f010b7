/** The unit that a word on the command line means: `app` is `app.service`, as for systemctl. */
export function serviceName(word: string): string {
  return /\.(service|socket|target|slice|scope|timer|path|mount)$/.test(word) ? word : `${word}.service`;
}
