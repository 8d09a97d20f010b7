/** A flag of one of berth's commands that containers' files turn into. */
export interface Flag {
  /** Long name without dashes, as podman spells it. */
  readonly name: string;
  /** One-letter form without the dash. */
  readonly short?: string;
  /** `boolean` flags take an optional `=true|false`; `string` keeps the last value; `list` keeps all, in order. */
  readonly kind: "boolean" | "string" | "list";
  /** What the value is called in help: `--name NAME`. */
  readonly value?: string;
  readonly help: string;
  /** Left out of help: flags that only generated units use. */
  readonly hidden?: true;
}
