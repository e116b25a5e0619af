import type { Cluster } from "ioredis";
import type { Cluster as IovalkeyCluster } from "iovalkey";
import type { RedisClusterType } from "redis";
import type { StartedRedisCluster } from "testcontainers-redis-cluster";
import { expectTypeOf, test } from "vitest";
import type { GlideClusterClient } from "@valkey/valkey-glide";

declare const cluster: StartedRedisCluster;

test("the client has the type of its library", () => {
  expectTypeOf(cluster.connect()).resolves.toEqualTypeOf<Cluster>();
  expectTypeOf(cluster.connect({ scaleReads: "slave" })).resolves.toEqualTypeOf<Cluster>();
  expectTypeOf(cluster.connect({ client: "ioredis" })).resolves.toEqualTypeOf<Cluster>();
  expectTypeOf(cluster.connect({ client: "node-redis" })).resolves.toEqualTypeOf<RedisClusterType>();
  expectTypeOf(cluster.connect({ client: "iovalkey" })).resolves.toEqualTypeOf<IovalkeyCluster>();
  expectTypeOf(cluster.connect({ client: "valkey-glide" })).resolves.toEqualTypeOf<GlideClusterClient>();
});

test("only the options of the library compile", () => {
  void cluster.connect({ client: "node-redis", useReplicas: true, defaults: { name: "orders" } });
  void cluster.connect({ client: "iovalkey", scaleReads: "slave" });
  void cluster.connect({ client: "valkey-glide", requestTimeout: 500 });
  // @ts-expect-error an option of another library
  void cluster.connect({ client: "node-redis", scaleReads: "slave" });
  // @ts-expect-error an option of another library
  void cluster.connect({ client: "iovalkey", useReplicas: true });
  // @ts-expect-error unknown library
  void cluster.connect({ client: "lettuce" });
  // @ts-expect-error unknown option of ioredis
  void cluster.connect({ useReplicas: true });
});
