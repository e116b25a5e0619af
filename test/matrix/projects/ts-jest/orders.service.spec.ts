import { Test } from "@nestjs/testing";
// #region cluster
import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { OrdersService } from "./orders.service";

let cluster: StartedRedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
}, 120_000);
beforeEach(() => cluster.reset(), 120_000);
afterAll(() => cluster?.stop(), 60_000);
// #endregion

async function ordersService(): Promise<OrdersService> {
  const module = await Test.createTestingModule({
    providers: [OrdersService, { provide: "REDIS", useValue: cluster.client }],
  }).compile();
  return module.get(OrdersService);
}

it("pays an order", async () => {
  const orders = await ordersService();
  await orders.pay(42);
  expect(await orders.state(42)).toBe("paid");
});

it("finds no order of an earlier test, and works after a failover", async () => {
  const orders = await ordersService();
  expect(await orders.state(42)).toBeNull();
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
  expect(failover.promoted.name).not.toBe(failover.failed.name);
  await orders.pay(42);
  expect(await orders.state(42)).toBe("paid");
});
