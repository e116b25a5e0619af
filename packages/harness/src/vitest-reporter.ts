export { RedisClusterReporter as default, type RedisClusterReporterOptions } from "./vitest/reporter.ts";
