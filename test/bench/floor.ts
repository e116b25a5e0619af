import { docker, serverImage } from "../support/engine.ts";
import { queryUntil } from "./raw-client.ts";
import { BARE_SUBNET, bareAddress, type Shape, type Timing, timed } from "./shape.ts";

/**
 * Measures the time that the engine alone needs: it creates a network, creates and starts the same containers concurrently, and
 * waits until each server answers PING. Then it removes everything concurrently.
 */
export async function measureFloor(shape: Shape): Promise<Timing> {
  const engine = await docker();
  const name = "bench-floor";
  const [created, startMs] = await timed(async () => {
    const network = await engine.createNetwork({ Name: name, IPAM: { Config: [{ Subnet: BARE_SUBNET }] } });
    const containers = await Promise.all(
      Array.from({ length: shape.nodes }, async (_, index) => {
        const container = await engine.createContainer({
          name: `${name}-${index}`,
          Image: serverImage(),
          Cmd: ["redis-server", "--cluster-enabled", "yes", "--save", "", "--protected-mode", "no"],
          ExposedPorts: { "6379/tcp": {} },
          HostConfig: {
            NetworkMode: name,
            PortBindings: { "6379/tcp": [{ HostIp: "127.0.0.1", HostPort: "0" }] },
          },
          NetworkingConfig: {
            EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: bareAddress(index) } } },
          },
        });
        await container.start();
        const { NetworkSettings } = await container.inspect();
        await queryUntil(Number(NetworkSettings.Ports["6379/tcp"]?.[0]?.HostPort), "PING", /^\+PONG/);
        return container;
      }),
    );
    return { network, containers };
  });
  const [, removeMs] = await timed(async () => {
    await Promise.all(created.containers.map((container) => container.remove({ force: true, v: true })));
    await created.network.remove();
  });
  return { startMs, removeMs };
}
