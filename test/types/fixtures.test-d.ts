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

test("a global set-up takes the keys that a shared cluster can have", () => {
  expectTypeOf<SharedClusterKey>().toEqualTypeOf<"redisCluster" | "redisClusterTls">();
  expectTypeOf(redisClusterGlobalSetup).toBeCallableWith({ tls: true }, "redisClusterTls");
  // @ts-expect-error what is provided under this key is not a cluster
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

test("what a fixture is not, a test does not get", () => {
  // @ts-expect-error there is no such fixture
  clusterTest("", ({ clusters }) => clusters);
  // @ts-expect-error the lease of a test is internal
  clusterTest("", ({ clusterLease }) => clusterLease);
  // @ts-expect-error stop() is not a fault
  clusterTest("", ({ faults }) => faults.stop());
});

test("options of the wrong type do not compile", () => {
  // @ts-expect-error there is no such scope
  redisClusterTest({ scope: "suite" });
  // @ts-expect-error the runner aborts, by the test's own signal
  redisClusterTest({ signal: new AbortController().signal });
  // @ts-expect-error there is no such option
  redisClusterTest({ node: 6 });
});

test("a block overrides the options", () => {
  clusterTest.override({ clusterOptions: { replicas: 2 } });
  clusterTest.override("clusterOptions", { replicas: 2 });
  // @ts-expect-error a number of replicas is a number
  clusterTest.override("clusterOptions", { replicas: "2" });
});

test("hooks of a test have the fixtures, and further ones can be built on them", () => {
  clusterTest.beforeEach(({ redis }) => {
    expectTypeOf(redis).toEqualTypeOf<Cluster>();
  });
  const further = clusterTest.extend("orders", ({ redis }) => redis.hgetall("orders"));
  further("", ({ orders, cluster }) => {
    expectTypeOf(orders).toEqualTypeOf<Record<string, string>>();
    expectTypeOf(cluster).toEqualTypeOf<StartedRedisCluster>();
  });
});

test("the cluster of the global set-up is injected with its type", () => {
  expectTypeOf(inject("redisCluster")).toEqualTypeOf<SharedCluster>();
  expectTypeOf(redisClusterTest).toBeCallableWith(inject("redisCluster"));
  expectTypeOf(redisClusterGlobalSetup({ nodes: 6 }))
    .parameter(0)
    .toEqualTypeOf<TestProject>();
});

test("reporters and their data fit Vitest's types", () => {
  expectTypeOf(new RedisClusterReporter({ outputFile: "page.html" })).toExtend<Reporter>();
  expectTypeOf<EvidenceArtifact>().toExtend<TestArtifact>();
  expectTypeOf<TaskMeta["redisClusterFailovers"]>().toEqualTypeOf<readonly ReportData[] | undefined>();
});
