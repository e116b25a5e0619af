/** The size of a cluster to be measured. */
export interface Shape {
  readonly name: string;
  readonly nodes: number;
  readonly replicas: number;
}

export const SHAPES: readonly Shape[] = [
  { name: "3x1", nodes: 6, replicas: 1 },
  { name: "3x0", nodes: 3, replicas: 0 },
  { name: "3x2", nodes: 9, replicas: 2 },
  { name: "15x1", nodes: 30, replicas: 1 },
  { name: "30x1", nodes: 60, replicas: 1 },
];

/** The times of one start and one removal, in milliseconds. */
export interface Timing {
  readonly startMs: number;
  readonly removeMs: number;
}

/** Runs the work and returns its result and its duration in milliseconds. */
export async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const startedAt = performance.now();
  const result = await work();
  return [result, performance.now() - startedAt];
}

/** The subnet of measurements without this library, outside the part of 10.0.0.0/8 in which the library looks for subnets. */
export const BARE_SUBNET = "10.250.0.0/16";

/** Returns the address of a node in that subnet. */
export function bareAddress(index: number): string {
  return `10.250.0.${10 + index}`;
}

/** Returns the methods of a round in an order that rotates, so that none always runs after the same other one has warmed up the machine. */
export function rotated<Method>(methods: readonly Method[], round: number): readonly Method[] {
  const first = round % methods.length;
  return [...methods.slice(first), ...methods.slice(0, first)];
}
