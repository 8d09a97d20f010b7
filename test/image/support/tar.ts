import { createHash } from "node:crypto";

/** A member to be written into a test archive, exactly as given: nothing is checked or made sensible. */
export interface Member {
  readonly name: string | Buffer;
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `3` `4` devices, `5` directory, `6` fifo, … */
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly link?: string | Buffer;
  readonly data?: string | Buffer;
  /** In place of the data's own length. */
  readonly size?: number;
  readonly major?: number;
  readonly minor?: number;
  /** Bytes of the header in place of what the other members say; the checksum is that of the result. */
  readonly fields?: readonly (readonly [at: number, bytes: string | Buffer])[];
  /** Extended header records, in order. */
  readonly pax?: readonly (readonly [key: string, value: string | Buffer])[];
}

export const file = (name: string, data: string | Buffer = "", more: Partial<Member> = {}): Member => ({
  name,
  data,
  ...more,
});
export const dir = (name: string, more: Partial<Member> = {}): Member => ({ name, type: "5", mode: 0o755, ...more });
export const symlink = (name: string, link: string): Member => ({ name, type: "2", mode: 0o777, link });
export const hardlink = (name: string, link: string): Member => ({ name, type: "1", link });

/** A ustar archive with pax headers, ended by two empty blocks. */
export function tar(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(block), Buffer.alloc(1024)]);
}

function block(member: Member): Buffer {
  const pax =
    member.pax === undefined ? Buffer.alloc(0) : plain({ name: "pax", type: "x", data: paxRecords(member.pax) });
  return Buffer.concat([pax, plain(member)]);
}

export function paxRecords(records: readonly (readonly [string, string | Buffer])[]): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from("\n")]);
      let length = body.length + 1;
      while (String(length).length + body.length !== length) length = String(length).length + body.length;
      return Buffer.concat([Buffer.from(String(length)), body]);
    }),
  );
}

function plain(member: Member): Buffer {
  const { type = "0", mode = 0o644, uid = 0, gid = 0, mtime = 1_700_000_000, major = 0, minor = 0 } = member;
  const data = Buffer.from((member.data ?? "") as string);
  const header = Buffer.alloc(512);
  Buffer.from(member.name as string).copy(header, 0, 0, 100);
  const octal = (value: number, at: number, width: number) =>
    header.write(value.toString(8).padStart(width - 1, "0"), at);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(member.size ?? data.length, 124, 12);
  octal(mtime, 136, 12);
  header.write(type, 156);
  Buffer.from((member.link ?? "") as string).copy(header, 157, 0, 100);
  header.write("ustar\x0000", 257);
  octal(major, 329, 8);
  octal(minor, 337, 8);
  for (const [at, bytes] of member.fields ?? []) Buffer.from(bytes as string).copy(header, at);
  header.write("        ", 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

export function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
