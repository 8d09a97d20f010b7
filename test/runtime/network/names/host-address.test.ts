import { expect, test } from "bun:test";
import { ownAddress, readHostAddresses } from "../../../../src/runtime/network/names/host-address.ts";

test("a container in the host's network reaches the host by the host's own first address", () => {
  const [first] = readHostAddresses().filter(({ family }) => family === "IPv4");
  expect(ownAddress("host")).toBe(first?.address);
  expect(ownAddress("host") ?? "").not.toStartWith("127.");
  for (const mode of ["bridge", "pasta", "container", "namespace"]) expect(ownAddress(mode)).toBeUndefined();
});
