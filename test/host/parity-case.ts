/** A `.container` file whose payload is looked at under both engines. */
export interface ParityCase {
  /** What the file is about; its service is called so as well. */
  readonly name: string;
  /** The file, without the sections' first lines: `[Container]` and the image are put before it. */
  readonly text: string;
  /** A user's service rather than the system's. */
  readonly user?: true;
  /** `tools:1`, if left out. */
  readonly image?: string;
  /** Further Quadlet files that it refers to, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Further units that have to be there, by file name; sockets are started first. */
  readonly units?: Readonly<Record<string, string>>;
}
