import { expect, test } from "vitest";
import { isThisMachine } from "./engine.ts";

test.for(["localhost", "127.0.0.1"])("an engine at %s is on this machine", async (host) => {
  expect(await isThisMachine(host)).toBe(true);
});

// TEST-NET-3 (RFC 5737) is nobody's address, and .invalid (RFC 2606) nobody's name.
test.for(["203.0.113.7", "engine.invalid"])("an engine at %s is not", async (host) => {
  expect(await isThisMachine(host)).toBe(false);
});
