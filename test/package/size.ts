import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

// Prints the size of the published package, and fails if it has grown too much.

/** Users download the package in each job of their build server. */
const MAX_UNPACKED_BYTES = 3_300_000;

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

// The script `prepack` copies the README and the docs into the package. `--silent` keeps its command line out of the JSON.
const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--silent"], {
  cwd: fileURLToPath(new URL("../../packages/harness", import.meta.url)),
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
const [packed] = JSON.parse(output) as readonly [Packed];
const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(2)} MB`;
console.log(
  `Package: ${megabytes(packed.size)} packed, ${megabytes(packed.unpackedSize)} unpacked, ${packed.entryCount} files.`,
);
if (packed.unpackedSize > MAX_UNPACKED_BYTES) {
  console.log(`The unpacked package must not be larger than ${megabytes(MAX_UNPACKED_BYTES)}.`);
  process.exitCode = 1;
}
