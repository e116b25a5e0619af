import { connect as tlsConnect } from "node:tls";
import type { RedisContainer } from "@testcontainers/redis";
import { Cluster, type Redis } from "ioredis";
import { GenericContainer } from "testcontainers";
import {
  type ActiveFault,
  type ClientTls,
  type ClusterCheck,
  type ClusterClientOptions,
  type Credentials,
  type ErrorCode,
  type Failover,
  type HistoryView,
  type InvalidOptionsError,
  type Ledger,
  type NodePlan,
  type RedisClusterError,
  type RedisClusterNode,
  type RedisClusterOptions,
  type StartedRedisCluster,
  type SweepReport,
  startRedisCluster,
  sweepOrphans,
} from "testcontainers-redis-cluster";
import { expectTypeOf, test } from "vitest";

declare const cluster: StartedRedisCluster;

test("every option is optional, and the call returns a started cluster", () => {
  expectTypeOf(startRedisCluster).toBeCallableWith();
  expectTypeOf(startRedisCluster).toBeCallableWith({ nodes: 6, replicas: 1, subnet: "172.28.0.0/16" });
  expectTypeOf(startRedisCluster).returns.resolves.toEqualTypeOf<StartedRedisCluster>();
  expectTypeOf<{}>().toExtend<RedisClusterOptions>();
});

test("options of the wrong type do not compile", () => {
  // @ts-expect-error the number of nodes must be a number
  void startRedisCluster({ nodes: "6" });
  // @ts-expect-error unknown persistence
  void startRedisCluster({ persistence: "both" });
  // @ts-expect-error unknown option
  void startRedisCluster({ node: 6 });
  void startRedisCluster({
    seed: async (client) => {
      expectTypeOf(client).toEqualTypeOf<Cluster>();
      await client.set("order:42", "paid");
    },
  });
  void startRedisCluster({ seed: { commands: "seed.redis" } });
  void startRedisCluster({ nodes: 1, replicas: 0, seed: { rdb: ["dump.rdb"] as const } });
  // @ts-expect-error data files must be an array with one file for each primary
  void startRedisCluster({ seed: { aof: "appendonly.aof" } });
  // @ts-expect-error a path does not contain the kind of the file
  void startRedisCluster({ seed: "seed.redis" });
  void startRedisCluster({ replicas: [2, 0] as const, defaultUser: false, tls: { names: "redis.example" } });
  // @ts-expect-error the numbers of replicas must be numbers
  void startRedisCluster({ replicas: ["2"] });
  void startRedisCluster({ config: { save: ["900 1", "300 10"], maxmemory: 100, appendonly: true } });
  // @ts-expect-error the value of a directive must not be an object
  void startRedisCluster({ config: { save: {} } });
});

test("configureNode receives a RedisContainer and the plan of the node", () => {
  void startRedisCluster({
    configureNode: (container, plan) => {
      expectTypeOf(container).toEqualTypeOf<RedisContainer>();
      expectTypeOf(plan).toEqualTypeOf<NodePlan>();
    },
  });
});

test("the handle returns typed clients", () => {
  expectTypeOf(cluster.client).toEqualTypeOf<Cluster>();
  expectTypeOf(cluster.client.get("key")).resolves.toEqualTypeOf<string | null>();
  expectTypeOf(cluster.node("node-0").client).toEqualTypeOf<Redis>();
  expectTypeOf(cluster.connect({ scaleReads: "slave" })).resolves.toEqualTypeOf<Cluster>();
  const { startupNodes, options } = cluster.clientOptions();
  expectTypeOf(new Cluster(startupNodes, options)).toExtend<Cluster>();
});

test("saveEvidence has no required arguments, and the history is read-only", () => {
  expectTypeOf(cluster.saveEvidence()).resolves.toEqualTypeOf<string>();
  void cluster.saveEvidence("folder", { title: "a test", error: new Error("why") });
  expectTypeOf(cluster.history).toEqualTypeOf<HistoryView>();
  expectTypeOf(cluster.history.failovers).toEqualTypeOf<readonly Failover[]>();
  expectTypeOf(cluster.history.ledgers).toEqualTypeOf<readonly Ledger[]>();
  // @ts-expect-error only the cluster adds entries
  cluster.history.addError("phase", "error");
});

test("the handle and faults are async disposable", () => {
  expectTypeOf(cluster).toExtend<AsyncDisposable>();
  expectTypeOf(
    cluster.kill("node-0", { with: "SIGTERM", timeoutMs: 1_000 }),
  ).resolves.toEqualTypeOf<ActiveFault>();
  expectTypeOf<ActiveFault>().toExtend<AsyncDisposable>();
});

test("nodes are found by key, by name and by role", () => {
  expectTypeOf(cluster.primaryOf("order:42")).resolves.toEqualTypeOf<RedisClusterNode>();
  expectTypeOf(cluster.replicasOf("order:42")).resolves.toEqualTypeOf<readonly RedisClusterNode[]>();
  expectTypeOf(cluster.primaries()).resolves.toEqualTypeOf<readonly RedisClusterNode[]>();
  expectTypeOf(cluster.check()).resolves.toEqualTypeOf<ClusterCheck>();
});

test("Testcontainers' withNetwork accepts the network", () => {
  expectTypeOf(new GenericContainer("redis").withNetwork(cluster.network)).toExtend<GenericContainer>();
  expectTypeOf(cluster.network.subnet).toEqualTypeOf<string>();
});

test("errors have literal codes", () => {
  expectTypeOf<RedisClusterError["code"]>().toEqualTypeOf<ErrorCode>();
  expectTypeOf<InvalidOptionsError>().toExtend<RedisClusterError>();
  expectTypeOf<"NO_SUCH_CODE">().not.toExtend<ErrorCode>();
});

test("a sweep has no required options and reports the reasons for leftovers", () => {
  expectTypeOf(sweepOrphans).toBeCallableWith();
  expectTypeOf(sweepOrphans).toBeCallableWith({
    dryRun: true,
    timeoutMs: 1_000,
    signal: AbortSignal.abort(),
  });
  expectTypeOf(sweepOrphans).returns.resolves.toEqualTypeOf<SweepReport>();
  expectTypeOf<SweepReport["left"][number]["reason"]>().toEqualTypeOf<
    "owner-alive" | "out-of-sight" | "other-machine" | "other-user" | "unreadable"
  >();
});

test("passwords, users and TLS have types, and a user requires rules", () => {
  void startRedisCluster({ password: true, tls: true, users: { app: { rules: "~app:* +@read" } } });
  void startRedisCluster({ tls: { clientAuth: true }, users: { app: { password: "x", rules: ["+ping"] } } });
  // @ts-expect-error a user requires rules
  void startRedisCluster({ users: { app: { password: "x" } } });
  // @ts-expect-error false does not disable a password
  void startRedisCluster({ password: false });
  // @ts-expect-error unknown address
  void startRedisCluster({ publishOn: "0.0.0.0" });
  expectTypeOf<StartedRedisCluster["credentials"]>().returns.toEqualTypeOf<Credentials>();
  expectTypeOf(cluster.tls).toEqualTypeOf<ClientTls | undefined>();
  expectTypeOf<{ redisOptions: Credentials }>().toExtend<ClusterClientOptions>();
  expectTypeOf(tlsConnect).toBeCallableWith({ port: 1, ...cluster.tls });
});
