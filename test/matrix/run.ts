import { parseArgs } from "node:util";
import { leftovers } from "../support/engine.ts";
import type { MatrixOptions } from "./options.ts";
import { runClients } from "./run-clients.ts";
import { runEngines } from "./run-engines.ts";
import { runInstallations } from "./run-installations.ts";
import { runServers } from "./run-servers.ts";

// The program of `./dev matrix`. Each matrix has its own command, because it takes many minutes.

const MATRICES: Readonly<Record<string, (options: MatrixOptions) => Promise<number>>> = {
  installations: runInstallations,
  clients: runClients,
  servers: runServers,
  engines: runEngines,
};

/** Matrices whose rows take so long that their results are stored one by one. */
const KEEP_OTHER_ROWS: ReadonlySet<unknown> = new Set([runServers, runEngines]);

const USAGE = `usage: ./dev matrix NAME [OPTION…]

  installations  installs the packed library in real projects, each with its own package manager and versions
  clients        breaks clusters in several ways, and measures which clients survive what
  servers        runs the tests with each version of the servers whose image is available
  engines        runs the tests with versions of Docker and Podman, with and without root, here and elsewhere

An interrupted run continues where it ended, as long as what it tests has not changed.

  --only TEXT      runs only the rows whose name contains TEXT, such as "Vitest" or "redis-py"
  --again          runs all rows again
  --update         writes the results into docs/reference/compatibility.md. With --only, it keeps the other rows
  --json FILE      writes all results as JSON
  --import FOLDER  runs nothing, and stores the results of all JSON files in FOLDER, which runs on other machines have
                   written with --json, such as those of the workflow. For servers and engines`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    again: { type: "boolean" },
    update: { type: "boolean" },
    json: { type: "string" },
    import: { type: "string" },
  },
});
const runMatrix = MATRICES[positionals.join(" ")];
if (runMatrix === undefined) {
  console.error(USAGE);
  process.exit(2);
}
if (values.update === true && values.only !== undefined && !KEEP_OTHER_ROWS.has(runMatrix)) {
  console.error("--update needs all rows of this matrix, without --only");
  process.exit(2);
}
if (values.import !== undefined && !KEEP_OTHER_ROWS.has(runMatrix)) {
  console.error("--import exists for servers and engines");
  process.exit(2);
}
if (values.import !== undefined && Object.keys(values).length > 1) {
  console.error("--import accepts no other options");
  process.exit(2);
}

const failures = await runMatrix({
  only: values.only ?? "",
  again: values.again === true,
  update: values.update === true,
  json: values.json,
  importFrom: values.import,
});
// An import uses no engine.
const left = values.import === undefined ? await leftovers() : [];
if (left.length > 0) console.log(`leftovers: ${left.join(", ")}`);
process.exit(failures > 0 || left.length > 0 ? 1 : 0);
