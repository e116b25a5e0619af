import type { Cluster } from "ioredis";
import type {
  RedisClusterNode,
  ReportData,
  SharedCluster,
  StartedRedisCluster,
  Workload,
} from "testcontainers-redis-cluster";
import {
  type EvidenceArtifact,
  redisClusterTest,
  type TestClusterOptions,
} from "testcontainers-redis-cluster/vitest";
import {
  redisClusterGlobalSetup,
  type SharedClusterKey,
} from "testcontainers-redis-cluster/vitest/global-setup";
import RedisClusterReporter from "testcontainers-redis-cluster/vitest/reporter";
import { expectTypeOf, inject, type TaskMeta, type TestArtifact, test } from "vitest";
import type { Reporter, TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    redisClusterTls: SharedCluster;
    somethingElse: string;
  }
}

test("a global set-up accepts the keys of shared clusters", () => {
  expectTypeOf<SharedClusterKey>().toEqualTypeOf<"redisCluster" | "redisClusterTls">();
  expectTypeOf(redisClusterGlobalSetup).toBeCallableWith({ tls: true }, "redisClusterTls");
  // @ts-expect-error this key does not provide a cluster
  redisClusterGlobalSetup({}, "somethingElse");
  redisClusterTest(inject("redisClusterTls"));
});

const clusterTest = redisClusterTest({ nodes: 6, scope: "file", evidenceDir: "evidence" });

test("every fixture has its type", () => {
  clusterTest("", ({ cluster, redis, nodes, faults, workload, clusterOptions, task }) => {
    expectTypeOf(cluster).toEqualTypeOf<StartedRedisCluster>();
    expectTypeOf(redis).toEqualTypeOf<Cluster>();
    expectTypeOf(nodes).toEqualTypeOf<readonly RedisClusterNode[]>();
    expectTypeOf(faults.killMaster).toEqualTypeOf<StartedRedisCluster["killMaster"]>();
    expectTypeOf(workload).returns.resolves.toEqualTypeOf<Workload>();
    expectTypeOf(workload).toBeCallableWith({ writers: 2 });
    expectTypeOf(clusterOptions).toEqualTypeOf<TestClusterOptions>();
    expectTypeOf(task.meta.redisClusterFailovers).toEqualTypeOf<readonly ReportData[] | undefined>();
  });
});

test("unknown fixtures and internal members do not compile", () => {
  // @ts-expect-error unknown fixture
  clusterTest("", ({ clusters }) => clusters);
  // @ts-expect-error the lease of a test is internal
  clusterTest("", ({ clusterLease }) => clusterLease);
  // @ts-expect-error stop() is not a fault
  clusterTest("", ({ faults }) => faults.stop());
});

test("options of the wrong type do not compile", () => {
  // @ts-expect-error unknown scope
  redisClusterTest({ scope: "suite" });
  // @ts-expect-error the runner aborts with the signal of the test
  redisClusterTest({ signal: new AbortController().signal });
  // @ts-expect-error unknown option
  redisClusterTest({ node: 6 });
});

test("a block overrides the options", () => {
  clusterTest.override({ clusterOptions: { replicas: 2 } });
  clusterTest.override("clusterOptions", { replicas: 2 });
  // @ts-expect-error the number of replicas must be a number
  clusterTest.override("clusterOptions", { replicas: "2" });
});

test("hooks have the fixtures, and tests can extend them", () => {
  clusterTest.beforeEach(({ redis }) => {
    expectTypeOf(redis).toEqualTypeOf<Cluster>();
  });
  const extendedTest = clusterTest.extend("orders", ({ redis }) => redis.hgetall("orders"));
  extendedTest("", ({ orders, cluster }) => {
    expectTypeOf(orders).toEqualTypeOf<Record<string, string>>();
    expectTypeOf(cluster).toEqualTypeOf<StartedRedisCluster>();
  });
});

test("the injected cluster of the global set-up has its type", () => {
  expectTypeOf(inject("redisCluster")).toEqualTypeOf<SharedCluster>();
  expectTypeOf(redisClusterTest).toBeCallableWith(inject("redisCluster"));
  expectTypeOf(redisClusterGlobalSetup({ nodes: 6 }))
    .parameter(0)
    .toEqualTypeOf<TestProject>();
});

test("the reporter and its data have the types of Vitest", () => {
  expectTypeOf(new RedisClusterReporter({ outputFile: "page.html" })).toExtend<Reporter>();
  expectTypeOf<EvidenceArtifact>().toExtend<TestArtifact>();
  expectTypeOf<TaskMeta["redisClusterFailovers"]>().toEqualTypeOf<readonly ReportData[] | undefined>();
});
