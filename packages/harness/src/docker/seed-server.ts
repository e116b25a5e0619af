import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { bootCommand } from "./boot-script.ts";
import { type Engine, imageName } from "./engine.ts";
import type { ImageFacts } from "./image-facts.ts";
import { clusterLabels } from "./labels.ts";
import { dataFolder, planLaunch } from "./launch.ts";
import { NodeContainer } from "./node-container.ts";

/**
 * Creates the container of a server of the cluster's image that is no node of the cluster. When it is started, it gets any
 * free address of the cluster's network and a published port.
 *
 * @param server what the server is to be; its `containerName` is used as given, its address is not.
 */
export async function createSeedServer(
  engine: Engine,
  plan: ClusterPlan,
  server: NodePlan,
  image: ImageFacts,
): Promise<NodeContainer> {
  const { entrypoint, command } = bootCommand(
    server,
    dataFolder(image.workingDir, image.volumes),
    planLaunch(image.entrypoint, image.command),
  );
  const port = `${server.port}/tcp`;
  const publishOn = engine.local && plan.publishOn === "loopback" ? engine.host : engine.everywhere;
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
  return new NodeContainer(engine, server, container.id);
}
