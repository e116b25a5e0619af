import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import type { AddressTable } from "./address-table.ts";
import type { NodeConnection } from "./node-connection.ts";

/**
 * Adds names to the address table that nodes announce only after the start. A client that the application created itself can only
 * look up names in the table. When it does not find a name, this reads the names from all nodes, so that the next attempt of the
 * client succeeds.
 */
export function learnNames(addresses: AddressTable, connections: readonly NodeConnection[]): void {
  let isReading = false;
  addresses.onMiss(() => {
    if (isReading) return;
    isReading = true;
    void Promise.allSettled(connections.map((connection) => learnFrom(connection, addresses))).then(() => {
      isReading = false;
    });
  });
}

async function learnFrom(connection: NodeConnection, addresses: AddressTable): Promise<void> {
  const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
  for (const { hostname, address, port } of members) {
    if (hostname !== undefined) addresses.learn(`${hostname}:${port}`, { host: address, port });
  }
}
