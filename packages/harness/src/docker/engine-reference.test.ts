import { expect, test } from "vitest";
import { plainAddress } from "./engine-reference.ts";

test.for(["/var/run/docker.sock", "//./pipe/docker_engine"])("the socket %s needs no more", (socketPath) => {
  const connection = { socketPath, protocol: "http", headers: {} };
  expect(plainAddress(connection)).toEqual({ protocol: "http", socketPath });
});

test("a TCP engine has host and port, and with TLS its certificates", () => {
  expect(plainAddress({ protocol: "http", host: "10.0.0.7", port: "2375", pathPrefix: "/" })).toEqual({
    protocol: "http",
    host: "10.0.0.7",
    port: 2375,
  });
  const tls = { ca: Buffer.from("ca"), cert: Buffer.from("cert"), key: Buffer.from("key") };
  expect(plainAddress({ protocol: "https", host: "[::1]", port: 2376, ...tls })).toEqual({
    protocol: "https",
    host: "::1",
    port: 2376,
    ca: ["ca"],
    cert: "cert",
    key: "key",
  });
});

test.for([
  { protocol: "ssh", host: "build.example", port: "22" },
  { protocol: "http", host: "http://proxy.example/docker", port: 80 },
  { protocol: "http", host: "10.0.0.7", port: 2375, pathPrefix: "/docker" },
  {},
])("an engine at %o is left to Testcontainers' client", (connection) => {
  expect(plainAddress(connection)).toBeUndefined();
});
