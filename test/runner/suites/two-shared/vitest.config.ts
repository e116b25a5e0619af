import type { ViteUserConfig } from "vitest/config";

// The second set-up of the same key, which a test wants to see refused.
const again = process.env["TRC_AGAIN"] === undefined ? [] : ["./again.ts"];

const config: ViteUserConfig = { test: { globalSetup: ["./plain.ts", "./tls.ts", ...again] } };

export default config;
