const LENGTH_MAX = 60;

/** Text from a file for a message: short, on one line, without characters that control a terminal. */
export function excerpt(text: string): string {
  const short = text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX - 1)}…` : text;
  return short.replace(/[\p{Cc}\p{Surrogate}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "\ufffd");
}
