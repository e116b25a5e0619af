import type { Values } from "../schema/read-options.ts";
import { isFileSeed } from "./validate-seed.ts";
import type { ReportProblem } from "../schema/option-problems.ts";
import type { ClusterShape } from "./options.generated.ts";
import { addressToNumber, numberToAddress, parseSubnet, type Subnet } from "./subnet.ts";

/** The addresses that the options determine. */
interface Addresses {
  readonly subnet: Subnet | undefined;
  readonly gateway: number | undefined;
  readonly firstAddress: number | undefined;
}

/**
 * Validates the subnet, and the addresses in it. The temporary server that loads the files of `seed` needs an additional address.
 */
export function validateAddresses(
  options: { readonly subnet?: unknown; readonly seed?: unknown; readonly firstAddress?: unknown },
  values: Values<Pick<ClusterShape, "subnet" | "gateway" | "firstAddress">>,
  nodes: number,
  report: ReportProblem,
): Addresses {
  const subnet = validateSubnet(values.subnet, nodes, isFileSeed(options.seed), report);
  const validateAddress = (name: "gateway" | "firstAddress"): number | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    if (options.subnet === undefined) {
      return report(name, value, "`subnet` to be set, too", `Set \`subnet\`, or leave out \`${name}\`.`);
    }
    if (subnet === undefined) return undefined;
    const number = addressToNumber(value);
    if (number <= subnet.first || number >= subnet.last) {
      return report(
        name,
        value,
        `an address in ${subnet.cidr} other than its first (network) and last (broadcast) address`,
      );
    }
    return number;
  };
  const gateway = validateAddress("gateway");
  const firstAddress = validateAddress("firstAddress");
  if (subnet !== undefined) {
    const lastAddress = (firstAddress ?? 0) + nodes - 1;
    if (firstAddress !== undefined && lastAddress >= subnet.last) {
      report(
        "firstAddress",
        options.firstAddress,
        `an address that leaves room for ${nodes} nodes: at most ${numberToAddress(subnet.last - nodes)}`,
      );
    }
    const gatewayAddress = gateway ?? subnet.first + 1;
    if (firstAddress !== undefined && gatewayAddress >= firstAddress && gatewayAddress <= lastAddress) {
      report(
        "firstAddress",
        options.firstAddress,
        `an address such that none of the ${nodes} nodes gets the address of the gateway, ${numberToAddress(gatewayAddress)}`,
      );
    }
  }
  return { subnet, gateway, firstAddress };
}

function validateSubnet(
  value: string | undefined,
  nodes: number,
  needsSeedServer: boolean,
  report: ReportProblem,
): Subnet | undefined {
  if (value === undefined) return undefined;
  let subnet: Subnet;
  try {
    subnet = parseSubnet(value);
  } catch (error) {
    const [allowed = "", hint] = (error as Error).message.split(": did you mean ");
    return report("subnet", value, allowed, hint === undefined ? undefined : `Did you mean ${hint}`);
  }
  const firstByte = Math.floor(subnet.first / 2 ** 24);
  const lastByte = Math.floor(subnet.last / 2 ** 24);
  if (firstByte === 0 || (firstByte <= 127 && lastByte >= 127) || lastByte >= 224) {
    return report(
      "subnet",
      value,
      "a unicast range, preferably a private one: 10/8, 172.16/12 or 192.168/16",
    );
  }
  // The addresses of the network and of the gateway, and the broadcast address, are not available to nodes.
  const available = subnet.last - subnet.first + 1 - 3;
  const needed = needsSeedServer ? nodes + 1 : nodes;
  if (available < needed) {
    const prefix = 32 - Math.ceil(Math.log2(needed + 3));
    const others = needsSeedServer ? " and the temporary server that loads the files of `seed`" : "";
    return report("subnet", value, `a range with room for ${nodes} nodes${others}: /${prefix} or larger`);
  }
  return subnet;
}
