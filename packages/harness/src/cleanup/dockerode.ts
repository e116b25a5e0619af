import type { ContainerRuntimeClient } from "testcontainers";

/**
 * A client of dockerode, as Testcontainers' types declare it. The declarations of this library must not import dockerode itself: the
 * package contains no types, so a project would need `@types/dockerode`.
 */
export type Dockerode = ContainerRuntimeClient["container"]["dockerode"];
