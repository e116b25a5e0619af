import { describe, expect, test } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { isPortRace, startError } from "./start-error.ts";

const FREE = { name: "node-0", address: "10.1.2.3", port: 6379, busPort: 16379 } as NodePlan;
const FIXED: NodePlan = { ...FREE, hostPort: 7000, hostBusPort: 17_000 };
const DOCKER_PROXY = new Error(
  "driver failed programming external connectivity on endpoint redis-cluster-ab-node-0 (0af1): Error starting userland proxy: listen tcp4 127.0.0.1:32768: bind: address already in use",
);
const DOCKER_BIND = new Error(
  "driver failed programming external connectivity on endpoint n (0a): Bind for 127.0.0.1:7000 failed: port is already allocated",
);

describe("a port of the host in use", () => {
  test("is a race if the engine has chosen it", () => {
    expect(isPortRace(FREE, DOCKER_PROXY)).toBe(true);
    // Only the bus port is fixed. The client port is in use.
    expect(isPortRace({ ...FREE, hostBusPort: 17_000 }, DOCKER_PROXY)).toBe(true);
    expect(isPortRace(FIXED, DOCKER_BIND)).toBe(false);
    expect(isPortRace(FREE, new Error("no such image"))).toBe(false);
  });

  test("is named in the error if the user has chosen it", () => {
    const { code, message } = startError(FIXED, DOCKER_BIND);
    expect(code).toBe("PORT_TAKEN");
    expect(message).toContain(
      "Publishing node-0 on port 7000 of the host failed: another program uses the port",
    );
    expect(message).toContain("Choose another `firstHostPort`");
  });

  test("does not name an option in the error if the option was not given", () => {
    const { code, message } = startError(FREE, DOCKER_PROXY);
    expect(code).toBe("PORT_TAKEN");
    expect(message).toContain("the free ports of the host that the engine chose were taken each time");
    expect(message).not.toContain("firstHostBusPort");
  });
});

test("a conflict of a network address is not reported as a port", () => {
  const error = startError(FREE, new Error("Address already in use"));
  expect(error).toMatchObject({ code: "START_FAILED" });
  expect(error.message).toContain("its network address 10.1.2.3 is used by another container");
  expect(isPortRace(FREE, new Error("Address already in use"))).toBe(false);
});

test.each([
  'OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "sh": executable file not found in $PATH: unknown',
  "crun: executable file `sh` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found",
  'runsc create failed: error finding executable "sh" in PATH',
  'unable to start container process: exec: "sh": stat sh: no such file or directory: unknown',
])("an image without a shell is reported by its name: %s", (message) => {
  const error = startError(FREE, new Error(message), "hardened/redis:8");
  expect(error).toMatchObject({
    code: "IMAGE_UNSUITABLE",
    details: { node: "node-0", image: "hardened/redis:8", reason: expect.stringContaining("no shell") },
  });
  expect(error.message).toMatch(
    /^The image "hardened\/redis:8" cannot be used for a cluster: it contains no shell/,
  );
});

test("any other error contains the message of the engine", () => {
  const message = 'exec: "docker-entrypoint.sh": executable file not found in $PATH';
  expect(startError(FREE, new Error(message), "an/image")).toMatchObject({
    code: "START_FAILED",
    message: `node-0 could not be started: ${message}`,
  });
});
