import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";
import { note } from "../../../support/note.ts";

const plain = redisClusterTest(inject("redisCluster"));
const encrypted = redisClusterTest(inject("redisClusterTls"));

plain("a test uses the plain cluster", { timeout: 30_000 }, async ({ cluster, redis }) => {
  note(cluster.plan.name);
  expect(cluster.tls).toBeUndefined();
  expect(await redis.set("order:42", "paid")).toBe("OK");
});

encrypted("a test uses the cluster with TLS", { timeout: 30_000 }, async ({ cluster, redis }) => {
  note(cluster.plan.name);
  expect(cluster.tls?.ca).toContain("BEGIN CERTIFICATE");
  expect(await redis.get("order:42")).toBeNull();
});
