// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such text is what is tested
/** Argument lists that a command line must carry through systemd unchanged. */
export const TRICKY_ARGUMENTS: readonly (readonly string[])[] = [
  [],
  [""],
  ["", "", ""],
  ["a", "", "b"],
  ["a b", " ", "\t", " leading", "trailing "],
  [";"],
  ["a", ";", "b", "\\;", ";;", ";x", "x;"],
  ["%", "%%", "%n", "100%", "%H%", "%%n", "% d"],
  ["$", "$$", "$HOME", "${HOME}", "a$HOME", "a${HOME}b", "$$$", "${", "${}", "$(id)", "${HOME:-x}"],
  ['"', "'", '""', "''", 'a"b', "it's", '"quoted"', "'quoted'", `'"'"'`, 'a"b c"d'],
  ["\\", "\\\\", "a\\", "\\n", "\\x41", "\\101", "\\u00e9", "\\s", "C:\\dir\\file", "a\\ b", '\\"'],
  ["\n", "a\nb", "a\\\nb", "\r", "\r\n", "a\rb", "line\n[Service]\nExecStart=/bin/false"],
  ["\x01", "\x07\b\f\v", "\x1b[31m", "\x7f", "a\x01b"],
  ["ä", "日本語", "😀 x", "e\u0301", "\u00a0", "\u2028", "\ufeff", "\u0085"],
  ["\ufffe", "\uffff", "\ufdd0", "\u{1fffe}", "\u{10ffff}"],
  // Bytes that are not UTF-8, in the form that src/unit/text.ts gives them.
  ["\udcff", "a\udc80b", "\udcc3\udca9x", "\udced\udca0\udc80"],
  ["-", "--", "-x", "@", "+x", "!", ":x", "|x", "#x", "# x", "[x]", "a=b", "=", "A=B C"],
  ["*", "?", "[a-z]", "~", "~root", "`id`", "a&b", "a|b", ">x", "(x)", "{a,b}"],
  ["x".repeat(4096), `${"y ".repeat(1000)}`],
];
