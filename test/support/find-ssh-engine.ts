import { docker, isBehindSsh } from "./engine.ts";

// Testcontainers alone does not find the host of an engine behind SSH. The containers that tests start themselves, before they use this
// library, need the client that was found with it.

if (isBehindSsh()) await docker();
