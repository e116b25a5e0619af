import { describe, expect, test } from "vitest";
import { bindTarget, dataFolder, planLaunch } from "./launch.ts";

const NOTHING = { modules: [], configFile: undefined, script: undefined };

describe("planLaunch", () => {
  test("keeps the entry point of the official images", () => {
    expect(planLaunch(["docker-entrypoint.sh"], ["redis-server"])).toEqual({
      ...NOTHING,
      before: ["docker-entrypoint.sh"],
      server: "redis-server",
    });
  });

  test("keeps an entry point of any other name", () => {
    expect(planLaunch(["bundle-docker-entrypoint.sh"], ["valkey-server"]).before).toEqual([
      "bundle-docker-entrypoint.sh",
    ]);
    expect(planLaunch(["tini", "--", "/start"], ["keydb-server", "/etc/keydb.conf"])).toEqual({
      ...NOTHING,
      before: ["tini", "--", "/start"],
      server: "keydb-server",
      configFile: "/etc/keydb.conf",
    });
  });

  test("keeps the modules that the command loads, and none of its other options", () => {
    const command = [
      "redis-server",
      "--port",
      "1",
      "--loadmodule",
      "/a.so",
      "X",
      "9",
      "--loadmodule",
      "/b.so",
    ];
    expect(planLaunch(["docker-entrypoint.sh"], [...command, "--save", ""]).modules).toEqual([
      ...["--loadmodule", "/a.so", "X", "9", "--loadmodule", "/b.so"],
    ]);
    expect(planLaunch(["redis-server"], ["--loadmodule", "/a.so"])).toEqual({
      ...NOTHING,
      before: [],
      server: "redis-server",
      modules: ["--loadmodule", "/a.so"],
    });
  });

  test("reads the shell form of a Dockerfile", () => {
    expect(planLaunch([], ["/bin/sh", "-c", "exec redis-server /etc/redis.conf"])).toEqual({
      ...NOTHING,
      before: [],
      server: "redis-server",
      configFile: "/etc/redis.conf",
    });
    expect(planLaunch(["/bin/bash", "-lc", "redis-server"], []).before).toEqual([]);
    // Docker drops a command when it is given another one, and so are its preparations.
    expect(planLaunch([], ["/bin/sh", "-c", "prepare && redis-server"])).toEqual({
      ...NOTHING,
      before: [],
      server: undefined,
    });
    expect(planLaunch(["sh"], ["redis-server"]).before).toEqual([]);
  });

  test.each([
    [["sh", "-c", 'prepare && exec "$@"', "--"]],
    [["/bin/sh", "-c", "prepare && exec /usr/bin/redis-server"]],
    [["/bin/bash", "-e", "-c", 'exec "$@"', "bash"]],
    [["bash", "/entrypoint.sh"]],
  ])("keeps the entry point %j, in which a shell has more to do than to start the server", (entrypoint) => {
    expect(planLaunch(entrypoint, ["redis-server"])).toMatchObject({
      before: entrypoint,
      server: "redis-server",
    });
  });

  test("reports a script that names no server, as that of redis-stack", () => {
    expect(planLaunch([], ["/entrypoint.sh"])).toEqual({
      ...NOTHING,
      before: [],
      server: undefined,
      script: "/entrypoint.sh",
    });
    expect(planLaunch(["/entrypoint.sh"], ["/run.sh"])).toEqual({
      ...NOTHING,
      before: ["/entrypoint.sh"],
      server: undefined,
      script: "/entrypoint.sh",
    });
    expect(planLaunch(["bash", "-e", "/entrypoint.sh"], []).script).toBe("/entrypoint.sh");
    expect(planLaunch([], [])).toEqual({ ...NOTHING, before: [], server: undefined });
  });
});

test("the data folder is the working folder, and never the root of the file system", () => {
  expect(dataFolder("/data", [])).toBe("/data");
  expect(dataFolder("/var/lib//redis/", ["/data"])).toBe("/var/lib/redis");
  expect(dataFolder("", ["/bitnami/redis/data/"])).toBe("/bitnami/redis/data");
  expect(dataFolder("/", ["/config", "/data"])).toBe("/data");
  expect(dataFolder("/", ["/tmp"])).toBe("/data");
  expect(dataFolder("/..", [])).toBe("/data");
});

test("a bind mount's target is found in every notation", () => {
  expect(bindTarget("/host/data:/data:rw")).toBe("/data");
  expect(bindTarget("/host/data:/data/")).toBe("/data");
  expect(bindTarget(String.raw`C:\Users\a\data:/data:rw`)).toBe("/data");
  expect(bindTarget("C:/Users/a/data:/data:ro,z")).toBe("/data");
  expect(bindTarget("named:/data//sub")).toBe("/data/sub");
});
