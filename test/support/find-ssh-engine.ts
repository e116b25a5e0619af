import { docker, findSshHost } from "./engine.ts";

// Testcontainers alone does not find the host of an engine behind SSH. The containers that tests start themselves, before they use this
// library, need the client that was found with it.

if (findSshHost() !== undefined) await docker();
