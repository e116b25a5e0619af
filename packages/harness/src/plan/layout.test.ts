import fc from "fast-check";
import { expect, test } from "vitest";
import { countPrimaries, layOutShards } from "./layout.ts";

test("lays out six nodes with one replica each as redis-cli does", () => {
  expect(layOutShards(6, 1)).toEqual([
    { primary: 0, replicas: [4] },
    { primary: 1, replicas: [5] },
    { primary: 2, replicas: [3] },
  ]);
});

test("lays out nine nodes with two replicas each as redis-cli does", () => {
  expect(layOutShards(9, 2)).toEqual([
    { primary: 0, replicas: [4, 5] },
    { primary: 1, replicas: [6, 7] },
    { primary: 2, replicas: [8, 3] },
  ]);
});

test("assigns remaining nodes as additional replicas", () => {
  expect(layOutShards(8, 1)).toEqual([
    { primary: 0, replicas: [5] },
    { primary: 1, replicas: [6] },
    { primary: 2, replicas: [7] },
    { primary: 3, replicas: [4] },
  ]);
  expect(layOutShards(7, 1)).toEqual([
    { primary: 0, replicas: [4, 3] },
    { primary: 1, replicas: [5] },
    { primary: 2, replicas: [6] },
  ]);
});

test("assigns every node exactly once, and every primary at least its replicas", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 5 }), (nodes, replicas) => {
      fc.pre(countPrimaries(nodes, replicas) >= 1);
      const shards = layOutShards(nodes, replicas);
      const placed = shards.flatMap((shard) => [shard.primary, ...shard.replicas]);
      expect(placed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: nodes }, (_, index) => index));
      for (const shard of shards) expect(shard.replicas.length).toBeGreaterThanOrEqual(replicas);
    }),
  );
});

test("lays out one or two shards like any other number", () => {
  expect(layOutShards(1, 0)).toEqual([{ primary: 0, replicas: [] }]);
  expect(layOutShards(3, 2)).toEqual([{ primary: 0, replicas: [2, 1] }]);
  expect(layOutShards(4, 1)).toEqual([
    { primary: 0, replicas: [3] },
    { primary: 1, replicas: [2] },
  ]);
});

test("gives each shard its own number of replicas if the replicas are a list", () => {
  expect(layOutShards(6, [2, 0, 1])).toEqual([
    { primary: 0, replicas: [3, 4] },
    { primary: 1, replicas: [] },
    { primary: 2, replicas: [5] },
  ]);
});
