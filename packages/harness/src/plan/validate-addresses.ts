import type { Values } from "../schema/read-options.ts";
import { isFileSeed } from "./validate-seed.ts";
import type { Report } from "../schema/option-problems.ts";
import type { ClusterShape } from "./options.generated.ts";
import { addressToNumber, numberToAddress, parseSubnet, type Subnet } from "./subnet.ts";

/** Where the nodes are placed, as far as the options say. */
interface Addresses {
  readonly subnet: Subnet | undefined;
  readonly gateway: number | undefined;
  readonly firstAddress: number | undefined;
}

/** Validates the subnet, and the addresses in it. A temporary server that loads the files of `seed` needs one more address. */
export function validateAddresses(
  options: { readonly subnet?: unknown; readonly seed?: unknown; readonly firstAddress?: unknown },
  values: Values<Pick<ClusterShape, "subnet" | "gateway" | "firstAddress">>,
  nodes: number,
  report: Report,
): Addresses {
  const subnet = validateSubnet(values.subnet, nodes, isFileSeed(options.seed), report);
  const address = (name: "gateway" | "firstAddress"): number | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    if (options.subnet === undefined)
      return report(name, value, "`subnet` to be given as well", "Add `subnet`, or leave this out.");
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
  const gateway = address("gateway");
  const firstAddress = address("firstAddress");
  if (subnet !== undefined) {
    const lastAddress = (firstAddress ?? 0) + nodes - 1;
    if (firstAddress !== undefined && lastAddress >= subnet.last) {
      report(
        "firstAddress",
        options.firstAddress,
        `an address that leaves room for ${nodes} nodes: at most ${numberToAddress(subnet.last - nodes)}`,
      );
    }
    const gate = gateway ?? subnet.first + 1;
    if (firstAddress !== undefined && gate >= firstAddress && gate <= lastAddress) {
      report(
        "firstAddress",
        options.firstAddress,
        `an address such that none of the ${nodes} nodes gets the address of the gateway, ${numberToAddress(gate)}`,
      );
    }
  }
  return { subnet, gateway, firstAddress };
}

function validateSubnet(
  value: string | undefined,
  nodes: number,
  seedServer: boolean,
  report: Report,
): Subnet | undefined {
  if (value === undefined) return undefined;
  let subnet: Subnet;
  try {
    subnet = parseSubnet(value);
  } catch (error) {
    const [allowed = "", hint] = (error as Error).message.split(": did you mean ");
    return report("subnet", value, allowed, hint === undefined ? undefined : `Did you mean ${hint}`);
  }
  const [first, last] = [subnet.first, subnet.last].map((address) => Math.floor(address / 2 ** 24)) as [
    number,
    number,
  ];
  if (first === 0 || (first <= 127 && last >= 127) || last >= 224)
    return report(
      "subnet",
      value,
      "a unicast range, preferably a private one: 10/8, 172.16/12 or 192.168/16",
    );
  // The address of the network, the gateway and the broadcast address are not available to nodes.
  const room = subnet.last - subnet.first + 1 - 3;
  const needed = seedServer ? nodes + 1 : nodes;
  if (room < needed) {
    const prefix = 32 - Math.ceil(Math.log2(needed + 3));
    const others = seedServer ? " and the temporary server that loads the files of `seed`" : "";
    return report("subnet", value, `a range with room for ${nodes} nodes${others}: /${prefix} or larger`);
  }
  return subnet;
}
