import { expect, test } from "vitest";
import {
  chooseAccess,
  findAccessObstacle,
  rememberObstacle,
  requireReachableEngine,
  requireRoute,
} from "./access-path.ts";
import type { Engine } from "./engine.ts";

const OPTIONS = {
  access: "auto",
  firstHostPort: undefined,
  firstHostBusPort: undefined,
  publishOn: "loopback",
} as const;
const DIRECT = { ...OPTIONS, access: "direct" } as const;

/** The loopback interface plays the bridge: packets to 127.0.0.1 leave with the address 127.0.0.1. */
function planWithGateway(gateway: string) {
  return {
    network: { name: "n", subnet: "127.0.0.0/8", gateway },
    nodes: [{ address: "127.0.0.1" }],
  } as never;
}

interface Facts {
  readonly sharesNetwork?: boolean;
  readonly isLocal?: boolean;
  readonly createsBridgesLate?: boolean;
}

function engine({ sharesNetwork = true, isLocal = true, createsBridgesLate = false }: Facts = {}): Engine {
  return {
    client: {},
    isLocal,
    location: { isOnThisMachine: true, sharesNetwork },
    traits: { createsBridgesLate },
  } as unknown as Engine;
}

const PLAN = planWithGateway("127.0.0.1");
const VPN_PLAN = planWithGateway("10.1.2.1");

test("direct access is chosen if packets to the nodes have the address of the gateway", async () => {
  expect(await chooseAccess(engine(), OPTIONS, PLAN)).toEqual({
    access: "direct",
    publishesPorts: false,
    accessFallbackReason: undefined,
  });
});

test("an engine that creates bridges late is checked when its containers run", async () => {
  expect(await chooseAccess(engine({ createsBridgesLate: true }), OPTIONS, VPN_PLAN)).toMatchObject({
    access: "direct",
  });
  await expect(requireRoute(VPN_PLAN)).rejects.toMatchObject({ code: "DIRECT_ACCESS_UNAVAILABLE" });
  await requireRoute(PLAN);
});

interface Obstacle {
  readonly options?: object;
  readonly engine?: Facts;
  readonly plan?: never;
  readonly reason: RegExp;
}

test.each<[why: string, obstacle: Obstacle]>([
  ["if a host port is requested", { options: { firstHostPort: 7000 }, reason: /`firstHostPort` requests/ }],
  [
    "if a bus port is requested",
    { options: { firstHostBusPort: 7000 }, reason: /`firstHostBusPort` requests/ },
  ],
  [
    "if other machines shall connect",
    { options: { publishOn: "all" }, reason: /`publishOn: "all"` requests/ },
  ],
  ["if the environment sets a host", { engine: { isLocal: false }, reason: /HOST_OVERRIDE requests/ }],
  ["if the engine is elsewhere", { engine: { sharesNetwork: false }, reason: /network namespace/ }],
  [
    "if packets leave with another address",
    { plan: VPN_PLAN, reason: /with the address 127\.0\.0\.1 instead of 10\.1\.2\.1/ },
  ],
])("ports are published %s", async (_, { options, engine: facts, plan = PLAN, reason }) => {
  expect(await chooseAccess(engine(facts), { ...OPTIONS, ...options }, plan)).toEqual({
    access: "published",
    publishesPorts: true,
    accessFallbackReason: expect.stringMatching(reason),
  });
});

test("requested ports are published next to a requested direct access", async () => {
  expect(await chooseAccess(engine(), { ...DIRECT, firstHostPort: 7000 }, PLAN)).toMatchObject({
    access: "direct",
    publishesPorts: true,
  });
});

test("a requested direct access is rejected if it is impossible", async () => {
  const expected = { code: "DIRECT_ACCESS_UNAVAILABLE" };
  await expect(chooseAccess(engine(), DIRECT, VPN_PLAN)).rejects.toMatchObject(expected);
  const elsewhere = engine({ sharesNetwork: false });
  expect(() => requireReachableEngine(elsewhere, DIRECT)).toThrow(/cannot be accessed directly/);
  expect(() => requireReachableEngine(elsewhere, OPTIONS)).not.toThrow();
});

test("after a failed attempt, later starts with the same engine publish ports", async () => {
  const filtered = engine();
  rememberObstacle(filtered, "a packet filter");
  const chosen = await chooseAccess(filtered, OPTIONS, PLAN);
  expect(chosen).toMatchObject({ access: "published", accessFallbackReason: "a packet filter" });
  expect(await chooseAccess(filtered, DIRECT, PLAN)).toMatchObject({ access: "direct" });
});

test("only an error about direct access has an obstacle", () => {
  expect(findAccessObstacle(new Error("x"))).toBeUndefined();
});
