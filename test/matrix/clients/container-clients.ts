import { buildImage } from "../../support/build-image.ts";
import { ClientProcess, type ClientProgram } from "../../support/client-process.ts";
import type { ClientRow } from "./clients.ts";

interface ContainerClient extends Omit<ClientProgram, "image"> {
  readonly library: string;
  /** The name of the image for test/images/build. */
  readonly image: string;
  readonly recommended: string;
  readonly hasAddressMap: boolean;
}

const REDIS_PY = {
  file: "redis_py.py",
  interpreter: ["python3", "-c"],
  hasAddressMap: true,
  recommended:
    "`retry=Retry(ExponentialBackoff(), 8)`, `socket_timeout=5`, `socket_connect_timeout=15`, `health_check_interval=3` (https://redis.io/docs/latest/develop/clients/redis-py/produsage/)",
} as const;

const CLIENTS: readonly ContainerClient[] = [
  { library: "redis-py 6", image: "redis-py", ...REDIS_PY },
  { library: "redis-py 8", image: "redis-py-latest", ...REDIS_PY },
  {
    library: "go-redis",
    image: "go-redis",
    file: "go_redis.go",
    interpreter: ["go-redis-client"],
    hasAddressMap: true,
    recommended:
      "backoff of 10 to 100 ms, `DialTimeout: 10s`, `ReadTimeout: 5s`, `WriteTimeout: 5s` (https://redis.io/docs/latest/develop/clients/go/produsage/)",
  },
  {
    library: "phpredis",
    image: "phpredis",
    file: "phpredis.php",
    interpreter: ["php", "-r"],
    hasAddressMap: false,
    recommended:
      "timeouts of 1.5 s, persistent connections (https://github.com/phpredis/phpredis/blob/develop/cluster.md)",
  },
  {
    library: "redis-rb",
    image: "redis-rb",
    file: "redis_rb.rb",
    interpreter: ["ruby", "-e"],
    hasAddressMap: false,
    recommended:
      "`reconnect_attempts: [0, 0.05, 0.1]`, `timeout: 3.0`, `slow_command_timeout: 4` (https://github.com/redis-rb/redis-client#reconnection)",
  },
];

/** Clients of other languages, which run in containers with the network of the host. Each writer has a process of its own. */
export const CONTAINER_CLIENTS: readonly ClientRow[] = CLIENTS.flatMap((client) =>
  (["default", "recommended"] as const).map(
    (options): ClientRow => ({
      library: client.library,
      options,
      description: options === "recommended" ? client.recommended : "",
      hasAddressMap: client.hasAddressMap,
      async open(cluster, writers) {
        const program = { ...client, image: await buildImage(client.image) };
        const environment = {
          network: "host",
          variables: { ...cluster.environment("host"), CLIENT_OPTIONS: options },
        };
        const opened = await Promise.allSettled(
          Array.from({ length: writers }, () => ClientProcess.start(program, environment)),
        );
        const processes = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
        const close = async (): Promise<void> => {
          await Promise.all(processes.map((each) => each[Symbol.asyncDispose]()));
        };
        const failed = opened.find((each) => each.status === "rejected");
        if (failed !== undefined) {
          await close();
          throw failed.reason;
        }
        return {
          version: processes[0]?.version ?? "",
          write: async (index, key, value) => await processes[index]?.execute("SET", key, value),
          addressesChanged: (changed) => {
            for (const each of processes) each.mapAddresses(changed.connectionInfo("host").addressMap);
          },
          close,
        };
      },
    }),
  ),
);
