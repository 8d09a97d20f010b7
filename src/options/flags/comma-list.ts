import { type Parsed, splitList, type ValueParser } from "../values/check.ts";
import type { Flag } from "./flag.ts";

/** One item of a value, and where it begins in it. */
export interface Item {
  readonly text: string;
  readonly at: number;
}

/** A field of RFC 4180's (CSV), which is how podman reads these lists: plain, or in quotes with commas of its own. */
const FIELD = /"((?:[^"]|"")*)"(?:,|$)|([^",]*)(?:,|$)/y;

/**
 * The items of a value of a flag: several for a flag whose values may be lists with commas. A value whose quotes are
 * not in order is one item, for the flag's grammar to refuse. Linear in the length of the text.
 */
export function itemsOf({ commas }: Pick<Flag, "commas">, text: string): readonly Item[] {
  if (commas === undefined || !text.includes(",")) return [{ text, at: 0 }];
  if (!text.includes('"')) return commas === "assignments" ? assignments(text) : splitList(text);
  const items: Item[] = [];
  for (let at = 0; at <= text.length; at = FIELD.lastIndex) {
    FIELD.lastIndex = at;
    const [field, quoted, plain = ""] = FIELD.exec(text) ?? [];
    if (field === undefined) return [{ text, at: 0 }];
    items.push(quoted === undefined ? { text: plain, at } : { text: quoted.replaceAll('""', '"'), at: at + 1 });
    if (!field.endsWith(",")) break;
  }
  return items;
}

/** A comma before a word without `=` belongs to the value: `net.ipv4.ip_local_reserved_ports=8080,9148` is one item. */
function assignments(text: string): readonly Item[] {
  const items: { text: string; at: number }[] = [];
  for (const part of splitList(text)) {
    const last = items.at(-1);
    if (last === undefined || part.text.includes("=")) items.push({ ...part });
    else last.text += `,${part.text}`;
  }
  return items;
}

/** The grammar of a whole value: that of its items, which are the result; the first problem counts. */
export function itemParser(flag: Flag): ValueParser<unknown> | undefined {
  const { parse, commas } = flag;
  if (parse === undefined || commas === undefined) return parse;
  return (text) => {
    let outcome: Parsed<unknown> = { value: text };
    for (const item of itemsOf(flag, text)) {
      const parsed = parse(item.text);
      if ("problem" in parsed) return { problem: { ...parsed.problem, at: (parsed.problem.at ?? 0) + item.at } };
      if (!("value" in parsed)) outcome = parsed;
    }
    return outcome;
  };
}
