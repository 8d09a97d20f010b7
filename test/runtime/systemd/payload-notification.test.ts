import { expect, test } from "bun:test";
import { allowedNotification } from "../../../src/runtime/systemd/payload-notification.ts";

const allowed = (text: string | Uint8Array) =>
  allowedNotification(typeof text === "string" ? Buffer.from(text, "latin1") : text, (named) =>
    named === 7 ? 4007 : undefined,
  );

test("what concerns the service itself passes as it is", () => {
  const text = "READY=1\nSTATUS=a=b \xff\nWATCHDOG=1\nRELOADING=1\nMONOTONIC_USEC=5\nFDSTORE=1\nFDNAME=x\nBARRIER=1";
  expect(allowed(text)).toBe(text);
});

test("a main process passes only if it is the container's, under its PID on the host", () => {
  expect(allowed("READY=1\nMAINPID=7")).toBe("READY=1\nMAINPID=4007");
  for (const pid of ["1", "8", "07", "+7", "7 ", "", "99999999999", "7\r", "0x7"])
    expect(allowed(`MAINPID=${pid}\nREADY=1`), pid).toBe("READY=1");
});

test("of several main processes only the first counts, as for systemd", () => {
  expect(allowed("MAINPID=7\nMAINPID=7\nREADY=1")).toBe("MAINPID=4007\nREADY=1");
  expect(allowed("MAINPID=1\nMAINPID=7")).toBeUndefined();
});

test("nothing else passes", () => {
  for (const text of ["NOTIFYACCESS=all", "MAINPID=1", "mainpid=7", " MAINPID=7", "MAINPIDFD=1", "=", "", "x", "\n\n"])
    expect(allowed(text), text).toBeUndefined();
});

test("no message passes that systemd itself would not read", () => {
  expect(allowed("READY=1\0")).toBe("READY=1");
  expect(allowed("READY=1\0MAINPID=1")).toBeUndefined();
  expect(allowed(`STATUS=${"x".repeat(4090)}`)).toBeUndefined();
});
