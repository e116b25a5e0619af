import { expect, test } from "vitest";
import { parseInfo, serverVersion } from "./parse-info.ts";

test("parses the lines of CLUSTER INFO", () => {
  const info = parseInfo("cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_current_epoch:8\r\n");
  expect([...info]).toEqual([
    ["cluster_state", "ok"],
    ["cluster_slots_assigned", "16384"],
    ["cluster_current_epoch", "8"],
  ]);
});

test("ignores headings, blank lines and lines without a name", () => {
  const info = parseInfo(
    "# Replication: the state\r\nrole:slave\r\n\r\n:nothing\r\nnonsense\r\nmaster_port:6379\n",
  );
  expect([...info]).toEqual([
    ["role", "slave"],
    ["master_port", "6379"],
  ]);
});

test("accepts values that are empty or contain colons", () => {
  const info = parseInfo("config_file:\r\nmaster_host:2001:db8::3\r\n");
  expect(info.get("config_file")).toBe("");
  expect(info.get("master_host")).toBe("2001:db8::3");
});

test("returns the version of Redis", () => {
  expect(serverVersion(parseInfo("# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n"))).toEqual({
    server: "redis",
    version: "7.0.15",
    major: 7,
    minor: 0,
  });
});

test("returns the version of Valkey instead of its compatible Redis version", () => {
  const info = parseInfo("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.0\r\n");
  expect(serverVersion(info)).toEqual({ server: "valkey", version: "9.1.0", major: 9, minor: 1 });
});

test("returns version 0.0 if INFO contains no version", () => {
  expect(serverVersion(parseInfo("role:master"))).toMatchObject({ major: 0, minor: 0 });
});
