import { expect, test } from "bun:test";
import { tryBind } from "../../src/system/port-binding.ts";

test("a port that a socket has is taken, and free afterwards", () => {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  expect(tryBind("tcp", "127.0.0.1", server.port)).toBe("EADDRINUSE");
  expect(tryBind("udp", "127.0.0.1", server.port)).toBeUndefined();
  server.stop(true);
  expect(tryBind("tcp", "192.0.2.1", server.port)).toBe("EADDRNOTAVAIL");
  expect(tryBind("tcp", "no address", server.port)).toBe("EINVAL");
});
