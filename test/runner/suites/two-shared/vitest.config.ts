import type { ViteUserConfig } from "vitest/config";

// A second set-up with the same key, which must be rejected.
const duplicate = process.env["TRC_DUPLICATE_KEY"] === undefined ? [] : ["./duplicate-key.ts"];

const config: ViteUserConfig = { test: { globalSetup: ["./plain.ts", "./tls.ts", ...duplicate] } };

export default config;
