import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import type { AddressTable } from "./address-table.ts";
import type { NodeConnection } from "./node-connection.ts";

/**
 * Makes the table learn names that nodes have announced since the start. A client that the application created itself can
 * only look names up. If it does not find one, the nodes are asked for all names, and the client's next attempt succeeds.
 */
export function learnNames(addresses: AddressTable, connections: readonly NodeConnection[]): void {
  let asking = false;
  addresses.onMiss(() => {
    if (asking) return;
    asking = true;
    void Promise.allSettled(connections.map((connection) => learnFrom(connection, addresses))).then(() => {
      asking = false;
    });
  });
}

async function learnFrom(connection: NodeConnection, addresses: AddressTable): Promise<void> {
  const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
  for (const { hostname, address, port } of members) {
    if (hostname !== undefined) addresses.learn(`${hostname}:${port}`, `${address}:${port}`);
  }
}
