import { expect, test } from "vitest";
import { parseInfo, serverVersion } from "./parse-info.ts";

test("CLUSTER INFO is read line by line", () => {
  const info = parseInfo("cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_current_epoch:8\r\n");
  expect([...info]).toEqual([
    ["cluster_state", "ok"],
    ["cluster_slots_assigned", "16384"],
    ["cluster_current_epoch", "8"],
  ]);
});

test("headings, blank lines and lines without a name are passed over", () => {
  const info = parseInfo(
    "# Replication: the state\r\nrole:slave\r\n\r\n:nothing\r\nnonsense\r\nmaster_port:6379\n",
  );
  expect([...info]).toEqual([
    ["role", "slave"],
    ["master_port", "6379"],
  ]);
});

test("a value may be empty, and may hold colons", () => {
  const info = parseInfo("config_file:\r\nmaster_host:2001:db8::3\r\n");
  expect(info.get("config_file")).toBe("");
  expect(info.get("master_host")).toBe("2001:db8::3");
});

test("Redis is known by its version", () => {
  expect(serverVersion(parseInfo("# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n"))).toEqual({
    server: "redis",
    version: "7.0.15",
    major: 7,
    minor: 0,
  });
});

test("Valkey is known by its own version, not by the Redis version that it is compatible with", () => {
  const info = parseInfo("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.0\r\n");
  expect(serverVersion(info)).toEqual({ server: "valkey", version: "9.1.0", major: 9, minor: 1 });
});

test("a server that does not tell its version is taken for the oldest", () => {
  expect(serverVersion(parseInfo("role:master"))).toMatchObject({ major: 0, minor: 0 });
});
