import { expect, test } from "vitest";
import { connectionOptions } from "./engine-reference.ts";

test("keeps a socket, also if dockerode looks for it", async () => {
  expect(await connectionOptions({ socketPath: "//./pipe/docker_engine", protocol: "http" })).toEqual({
    socketPath: "//./pipe/docker_engine",
    protocol: "http",
  });
  const found = { socketPath: () => Promise.resolve("/var/run/docker.sock"), host: undefined };
  expect(await connectionOptions(found)).toEqual({ socketPath: "/var/run/docker.sock" });
});

test("converts certificates and keys to text", async () => {
  const tls = { ca: [Buffer.from("ca")], cert: Buffer.from("cert"), key: "key" };
  const connection = { protocol: "https", host: "[::1]", port: 2376, ...tls };
  expect(await connectionOptions(connection)).toEqual({ ...connection, ca: ["ca"], cert: "cert" });
});

test("keeps what an engine behind SSH needs, and nothing that JSON cannot contain", async () => {
  const ssh = {
    protocol: "ssh",
    host: "build.example",
    port: "22",
    username: "me",
    sshOptions: { agent: "/a" },
  };
  expect(await connectionOptions({ ...ssh, agent: {}, timeout: 5, checkServerIdentity: () => {} })).toEqual(
    ssh,
  );
});
