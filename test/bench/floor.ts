import { docker, serverImage } from "../support/engine.ts";
import { askUntil } from "./raw-client.ts";
import { BARE_SUBNET, bareAddress, type Shape, type Timing, timed } from "./shape.ts";

/**
 * What the engine alone needs: one network, the same containers created and started at once, the first PING
 * answered by each; then the same removed at once.
 */
export async function measureFloor(shape: Shape): Promise<Timing> {
  const engine = await docker();
  const name = "bench-floor";
  const [made, startMs] = await timed(async () => {
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
        await askUntil(Number(NetworkSettings.Ports["6379/tcp"]?.[0]?.HostPort), "PING", /^\+PONG/);
        return container;
      }),
    );
    return { network, containers };
  });
  const [, removeMs] = await timed(async () => {
    await Promise.all(made.containers.map((container) => container.remove({ force: true, v: true })));
    await made.network.remove();
  });
  return { startMs, removeMs };
}
