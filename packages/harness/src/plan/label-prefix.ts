/**
 * The prefix of the labels of this library. They and the labels of Testcontainers identify the owner of a container, so that a
 * user must not set them.
 */
export const LABEL_PREFIX = "testcontainers-redis-cluster.";
