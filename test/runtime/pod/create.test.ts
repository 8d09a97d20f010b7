import { expect, test } from "bun:test";
import { planRecord } from "../../../src/runtime/pod/create.ts";
import { CREATE_STEPS } from "../../../src/runtime/pod/create-steps.ts";
import { POD_REQUEST } from "./pod-request.ts";

const FACTS = {
  id: "0123456789abcdef0123456789abcdef",
  created: "2026-01-02T03:04:05.000Z",
  maker: { pid: 7, startTime: "42" },
  ports: [{ protocol: "tcp", hostIp: "", hostPort: 10_080, containerPort: 80, range: 1 }] as const,
};

test("a new pod's record is its request, with the chosen ports, and without namespaces", () => {
  const record = planRecord({ ...POD_REQUEST, replace: true }, FACTS);
  const { replace: _, ...asked } = POD_REQUEST;
  expect(record).toEqual({ ...asked, ...FACTS, addresses: {} });
});

test("a pod has its record before its network, and its files before systemd keeps its namespaces", () => {
  expect(CREATE_STEPS.map(({ name }) => name)).toEqual([
    "note",
    "open-user-namespace",
    "make-namespaces",
    "connect",
    "write-files",
    "finish-network",
    "pin",
  ]);
});

test("what fails is undone by the removal of the pod, after netavark has ended", () => {
  expect(CREATE_STEPS.filter(({ undo }) => undo !== undefined).map(({ name }) => name)).toEqual(["note", "connect"]);
});
