import { expect, test } from "vitest";
import { announcedHost } from "./published-hosts.ts";

const HOST = { announce: "host" } as const;

test("nodes announce localhost, or the host of an engine on another machine", () => {
  expect(announcedHost({ isLocal: true, host: "127.0.0.1" }, HOST)).toBe("localhost");
  expect(announcedHost({ isLocal: false, host: "10.0.0.7" }, HOST)).toBe("10.0.0.7");
  expect(announcedHost({ isLocal: false, host: "engine.test" }, HOST)).toBe("engine.test");
});

test("nodes announce no host by default", () => {
  expect(announcedHost({ isLocal: false, host: "::1" }, { announce: "address" })).toBeUndefined();
});

test("a host that is an IPv6 address is rejected", () => {
  expect(() => announcedHost({ isLocal: false, host: "2001:db8::7" }, HOST)).toThrow(
    /announce: expected "address" with the engine's host 2001:db8::7, .* got "host"\. Set a name in DOCKER_HOST/,
  );
});
