import { encodeText } from "../../src/unit/text.ts";
import type { Random } from "./random.ts";

/** What unit files look like, and what they should not. */
const SEEDS: readonly string[] = [
  "[Unit]\nDescription=A service\nAfter=network.target\n\n[Container]\nImage=quay.example/app:1\nExec=sleep 60\n\n[Install]\nWantedBy=default.target\n",
  "# comment\n; another\n[Container]\nImage=x\nEnvironment=A=1 \"B=two words\" \\\n  C=3 \\\n# inside\n  D='4'\nEnvironment=\nLabel=a=b\n",
  "\ufeff[Service]\r\nRestart=always\r\nExecStartPre=/bin/echo \\\r\n  hello\r\n",
  "[A]\nb=c\\\n\n  d\n[B]\nc=\\",
  "[Socket]\nListenStream=[::]:8080\nListenStream=%t/app.sock\n\n[Berth]\nLoginUID=caller\nSocketProxy=80\n",
  "key=before any section\n[broken\n[]\n= no key\nnonsense\n[X-A b]\nk e y = v = w\n",
  "[\u00e9t\u00e9]\nname=日本語 😀\nraw=\udcff\udc80\nnul=\0\ncr=a\rb\n",
  '[Container]\nExec=/bin/sh -c \'echo "$HOME" %n \\x41\' ; \\; "" \\q\nMount=type=bind,source=/a,destination=/b\n',
];

const PIECES: readonly string[] = [
  "\n",
  "\\\n",
  "\r\n",
  "\\",
  "[",
  "]",
  "=",
  "#",
  ";",
  " ",
  "\t",
  '"',
  "'",
  "\0",
  "\udcff",
  "\ufeff",
  "é",
  "[Unit]\n",
  "a=b\n",
  "\\ \n",
  "\\\\\n",
  "\n\n",
];

/** The bytes of a unit file with a few random changes; the same for the same state of the random numbers. */
export function mutate(random: Random): Uint8Array {
  let text = random.pick(SEEDS);
  for (let changes = random.below(6); changes > 0; changes--) {
    const from = random.below(text.length + 1);
    const to = from + random.below(8);
    switch (random.below(4)) {
      case 0:
        text = text.slice(0, from) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, from) + random.pick(PIECES) + text.slice(from);
        break;
      case 2:
        text = text.slice(0, from) + random.pick(PIECES) + text.slice(to);
        break;
      default:
        text =
          text.slice(0, from) + random.pick(SEEDS).slice(random.below(40), 40 + random.below(40)) + text.slice(from);
    }
  }
  const bytes = encodeText(text);
  if (bytes.length > 0 && random.below(4) === 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}
