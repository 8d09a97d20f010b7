import { sendDatagram } from "../../system/datagram.ts";

/** journald's socket for messages made of fields (systemd's "Native Journal Protocol"). */
const JOURNAL_SOCKET = "/run/systemd/journal/socket";

/** syslog(3)'s LOG_ERR. */
const PRIORITY = 3;

/**
 * Files an error in the journal with fields of the sender's choice, such as those that say which unit it is about
 * (systemd.journal-fields(7)); line breaks would begin another field. Throws "syscall" where there is no journal.
 */
export function sendToJournal(message: string, fields: Readonly<Record<string, string>>): void {
  const all = { MESSAGE: message.replaceAll("\n", "; "), PRIORITY, ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
  sendDatagram(JOURNAL_SOCKET, lines.join(""));
}
