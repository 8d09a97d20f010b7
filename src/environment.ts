/** Environment variables by name, as a process was given them. It is handed in: only the edge reads `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;
