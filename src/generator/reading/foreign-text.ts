/** What a file looks like that was meant for another program. */
interface Looks {
  readonly what: string;
  /** Lines that hardly any other file has; as many of them as `least` make one. */
  readonly line: RegExp;
  readonly least: number;
}

const LOOKS: readonly Looks[] = [
  {
    what: "a Containerfile",
    line: /^(?:FROM|RUN|COPY|ADD|CMD|ENTRYPOINT|WORKDIR|EXPOSE|ENV|ARG|LABEL|USER)\s+\S/,
    least: 2,
  },
  {
    what: "a compose file",
    line: /^(?:services|volumes|networks):|^\s+(?:image|ports|environment|build|depends_on):/,
    least: 2,
  },
  { what: "a Kubernetes manifest", line: /^(?:apiVersion|kind|metadata|spec):/, least: 3 },
  { what: "a shell script", line: /^#!.*sh\b|^\s*(?:docker|podman) run\b/, least: 1 },
];

/** What the text was meant for, if it is no unit file: `a compose file`. */
export function looksLike(text: string): string | undefined {
  const lines = text.slice(0, 64 * 1024).split("\n");
  if (lines.some((line) => /^\[[A-Za-z]+\]\s*$/.test(line))) return undefined;
  return LOOKS.find(({ line, least }) => lines.filter((one) => line.test(one)).length >= least)?.what;
}
