import { expect, test } from "bun:test";
import { isFaulty, isTried } from "../../../src/runtime/oci-runtime/known-faults.ts";

test("versions without the fixes of 2025 are known by their numbers", () => {
  for (const version of ["1.0.0~rc93+ds1", "1.1.5+ds1", "1.1.15+ds1", "1.2.0", "1.2.7", "1.3.0-rc.1", "1.3.2"])
    expect(isFaulty(version), version).toBe(true);
  for (const version of ["1.2.8", "1.2.10+ds1", "1.3.3", "1.4.0", "2.0.0"])
    expect(isFaulty(version), version).toBe(false);
});

test("crun is tried from 1.21 on", () => {
  const versions = ["1.8.1", "0.99", "1.20", "1.21", "1.21.1", "1.100", "2.0", "nonsense"];
  expect(versions.filter(isTried)).toEqual(["1.21", "1.21.1", "1.100", "2.0"]);
});
