/** Which table of nftables is there, asked of the kernel itself over netlink(7): no program has to be run for it. */

import { closeSync, readSync, writeSync } from "node:fs";
import { O_CLOEXEC, O_NONBLOCK, SOL_SOCKET } from "./constants.ts";
import { errnoName } from "./error.ts";
import { libc, ptr } from "./libc.ts";

// <sys/socket.h>, <linux/netlink.h>
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SO_NETNS_COOKIE = 71;
const NETLINK_NETFILTER = 12;
const NLM_F_REQUEST = 1;
// <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h>, <linux/netfilter.h>: the subsystem is the upper byte.
const NFT_MSG_NEWTABLE = 10 << 8;
const NFT_MSG_GETTABLE = NFT_MSG_NEWTABLE + 1;
const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_HANDLE = 4;
const NFPROTO_INET = 1;
/** The bits of an attribute's type beside NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPE_MASK = 0x3fff;

/** sizeof(struct nlmsghdr) and sizeof(struct nfgenmsg), sizeof(struct nlattr): bytes. */
const HEADERS = 20;
const ATTRIBUTE = 4;
/** Longer than any answer about one table: bytes. */
const ANSWER_MAX = 8192;

/**
 * A text that no other table has had since the machine booted, nor has in another network namespace, for the table
 * `name` of family inet in this thread's network namespace; a table that is deleted and made again has another one.
 * Undefined if there is no such table, or the kernel does not say.
 */
export function nftTable(name: string): string | undefined {
  const fd = libc("socket")(AF_NETLINK, SOCK_RAW | O_CLOEXEC | O_NONBLOCK, NETLINK_NETFILTER);
  if (fd < 0) return undefined;
  try {
    const cookie = new BigUint64Array(1);
    const size = new Uint32Array([cookie.byteLength]);
    if (libc("getsockopt")(fd, SOL_SOCKET, SO_NETNS_COOKIE, ptr(cookie), ptr(size)) < 0) return undefined;
    writeSync(fd, tableRequest(name));
    const answer = Buffer.alloc(ANSWER_MAX);
    const handle = tableHandle(answer.subarray(0, readSync(fd, answer)));
    return handle === undefined ? undefined : `${cookie[0]}:${handle}`;
  } catch (error) {
    // Not allowed, or a kernel without nftables.
    if (errnoName(error) !== undefined) return undefined;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** NFT_MSG_GETTABLE with the table's name as its only attribute. */
export function tableRequest(name: string): Buffer {
  const text = Buffer.from(`${name}\0`);
  const message = Buffer.alloc(HEADERS + aligned(ATTRIBUTE + text.length));
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(NFT_MSG_GETTABLE, 4);
  message.writeUInt16LE(NLM_F_REQUEST, 6);
  message.writeUInt8(NFPROTO_INET, 16);
  message.writeUInt16LE(ATTRIBUTE + text.length, HEADERS);
  message.writeUInt16LE(NFTA_TABLE_NAME, HEADERS + 2);
  text.copy(message, HEADERS + ATTRIBUTE);
  return message;
}

/** The handle in the kernel's answer; undefined for an error such as ENOENT. */
export function tableHandle(answer: Buffer): bigint | undefined {
  if (answer.length < HEADERS || answer.readUInt16LE(4) !== NFT_MSG_NEWTABLE) return undefined;
  const end = Math.min(answer.readUInt32LE(0), answer.length);
  for (let at = HEADERS; at + ATTRIBUTE <= end; ) {
    const size = answer.readUInt16LE(at);
    if (size < ATTRIBUTE) return undefined;
    const type = answer.readUInt16LE(at + 2) & NLA_TYPE_MASK;
    if (type === NFTA_TABLE_HANDLE && size >= ATTRIBUTE + 8 && at + size <= end)
      return answer.readBigUInt64BE(at + ATTRIBUTE);
    at += aligned(size);
  }
  return undefined;
}

/** NLMSG_ALIGN() and NLA_ALIGN() */
function aligned(size: number): number {
  return (size + 3) & ~3;
}
