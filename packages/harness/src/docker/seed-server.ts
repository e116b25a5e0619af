import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { bootCommand } from "./boot-script.ts";
import type { Engine } from "./engine.ts";
import { imageName } from "./image-name.ts";
import type { ImageConfig } from "./image-config.ts";
import { clusterLabels } from "./labels.ts";
import { dataFolder, planLaunch } from "./launch.ts";
import { NodeContainer } from "./node-container.ts";
import { addressesToPublishOn } from "./published-hosts.ts";

/**
 * Creates the container of a server that is not a node of the cluster, from the image of the cluster. When it is started, it
 * gets a free address of the network of the cluster, and a published port.
 *
 * @param server the plan of the server. Its address is not used.
 */
export async function createSeedServer(
  engine: Engine,
  plan: ClusterPlan,
  server: NodePlan,
  image: ImageConfig,
): Promise<NodeContainer> {
  const { entrypoint, command } = bootCommand(
    server,
    dataFolder(image.workingDir, image.volumes),
    planLaunch(image.entrypoint, image.command),
  );
  const port = `${server.port}/tcp`;
  const [publishOn] = addressesToPublishOn(engine, plan);
  const container = await engine.docker.createContainer({
    name: server.containerName,
    Image: imageName(plan.image),
    Entrypoint: entrypoint,
    Cmd: command,
    Labels: clusterLabels(plan, engine),
    ExposedPorts: { [port]: {} },
    HostConfig: {
      NetworkMode: plan.network.name,
      PortBindings: { [port]: [{ HostIp: publishOn, HostPort: "" }] },
      PidsLimit: plan.pidsLimit,
    },
  });
  return new NodeContainer(engine, server, container.id, true);
}
