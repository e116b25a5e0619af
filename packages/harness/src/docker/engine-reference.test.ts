import { expect, test } from "vitest";
import { httpAddress } from "./engine-reference.ts";

test.for(["/var/run/docker.sock", "//./pipe/docker_engine"])(
  "returns the socket %s as the address",
  (socketPath) => {
    const connection = { socketPath, protocol: "http", headers: {} };
    expect(httpAddress(connection)).toEqual({ protocol: "http", socketPath });
  },
);

test("returns host and port of a TCP engine, with certificates if it uses TLS", () => {
  expect(httpAddress({ protocol: "http", host: "10.0.0.7", port: "2375", pathPrefix: "/" })).toEqual({
    protocol: "http",
    host: "10.0.0.7",
    port: 2375,
  });
  const tls = { ca: Buffer.from("ca"), cert: Buffer.from("cert"), key: Buffer.from("key") };
  expect(httpAddress({ protocol: "https", host: "[::1]", port: 2376, ...tls })).toEqual({
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
])("returns no address for the connection %o", (connection) => {
  expect(httpAddress(connection)).toBeUndefined();
});
