/** The owner of a file: a user and a group, by their ids. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
