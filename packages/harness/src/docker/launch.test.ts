import { describe, expect, test } from "vitest";
import { bindTarget, dataFolder, planLaunch } from "./launch.ts";

const NONE = { modules: [], configFile: undefined, script: undefined };

describe("planLaunch", () => {
  test("keeps the entry point of the official images", () => {
    expect(planLaunch(["docker-entrypoint.sh"], ["redis-server"])).toEqual({
      ...NONE,
      prefix: ["docker-entrypoint.sh"],
      server: "redis-server",
    });
  });

  test("keeps an entry point with another name", () => {
    expect(planLaunch(["bundle-docker-entrypoint.sh"], ["valkey-server"]).prefix).toEqual([
      "bundle-docker-entrypoint.sh",
    ]);
    expect(planLaunch(["tini", "--", "/start"], ["keydb-server", "/etc/keydb.conf"])).toEqual({
      ...NONE,
      prefix: ["tini", "--", "/start"],
      server: "keydb-server",
      configFile: "/etc/keydb.conf",
    });
  });

  test("keeps only the modules of the options of the command", () => {
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
      ...NONE,
      prefix: [],
      server: "redis-server",
      modules: ["--loadmodule", "/a.so"],
    });
  });

  test("reads the shell form of a Dockerfile", () => {
    expect(planLaunch([], ["/bin/sh", "-c", "exec redis-server /etc/redis.conf"])).toEqual({
      ...NONE,
      prefix: [],
      server: "redis-server",
      configFile: "/etc/redis.conf",
    });
    expect(planLaunch(["/bin/bash", "-lc", "redis-server"], []).prefix).toEqual([]);
    // Docker drops a command if another one is given. So the other commands of the shell are dropped too.
    expect(planLaunch([], ["/bin/sh", "-c", "prepare && redis-server"])).toEqual({
      ...NONE,
      prefix: [],
      server: undefined,
    });
    expect(planLaunch(["sh"], ["redis-server"]).prefix).toEqual([]);
  });

  test.each([
    [["sh", "-c", 'prepare && exec "$@"', "--"]],
    [["/bin/sh", "-c", "prepare && exec /usr/bin/redis-server"]],
    [["/bin/bash", "-e", "-c", 'exec "$@"', "bash"]],
    [["bash", "/entrypoint.sh"]],
  ])("keeps the entry point %j, whose shell does more than start the server", (entrypoint) => {
    expect(planLaunch(entrypoint, ["redis-server"])).toMatchObject({
      prefix: entrypoint,
      server: "redis-server",
    });
  });

  test("returns a script that does not name a server, such as that of redis-stack", () => {
    expect(planLaunch([], ["/entrypoint.sh"])).toEqual({
      ...NONE,
      prefix: [],
      server: undefined,
      script: "/entrypoint.sh",
    });
    expect(planLaunch(["/entrypoint.sh"], ["/run.sh"])).toEqual({
      ...NONE,
      prefix: ["/entrypoint.sh"],
      server: undefined,
      script: "/entrypoint.sh",
    });
    expect(planLaunch(["bash", "-e", "/entrypoint.sh"], []).script).toBe("/entrypoint.sh");
    expect(planLaunch([], [])).toEqual({ ...NONE, prefix: [], server: undefined });
  });
});

test("dataFolder returns the working folder, but never the root", () => {
  expect(dataFolder("/data", [])).toBe("/data");
  expect(dataFolder("/var/lib//redis/", ["/data"])).toBe("/var/lib/redis");
  expect(dataFolder("", ["/bitnami/redis/data/"])).toBe("/bitnami/redis/data");
  expect(dataFolder("/", ["/config", "/data"])).toBe("/data");
  expect(dataFolder("/", ["/tmp"])).toBe("/data");
  expect(dataFolder("/..", [])).toBe("/data");
});

test("bindTarget returns the target of a bind mount in every notation", () => {
  expect(bindTarget("/host/data:/data:rw")).toBe("/data");
  expect(bindTarget("/host/data:/data/")).toBe("/data");
  expect(bindTarget(String.raw`C:\Users\a\data:/data:rw`)).toBe("/data");
  expect(bindTarget("C:/Users/a/data:/data:ro,z")).toBe("/data");
  expect(bindTarget("named:/data//sub")).toBe("/data/sub");
});
