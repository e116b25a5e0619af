/** Labels under this prefix, and Testcontainers' own, say who owns a container: they are not the user's to set. */
export const LABEL_PREFIX = "testcontainers-redis-cluster.";
