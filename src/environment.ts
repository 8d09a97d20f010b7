/** Environment variables by name. Passed as an argument: only the edge reads `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;
