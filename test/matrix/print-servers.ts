import { SERVERS } from "./servers.ts";

// Prints the names of the rows of the servers as JSON, for the workflow.
console.log(JSON.stringify(SERVERS.map(({ name }) => name)));
