import { ImageName } from "testcontainers";

/**
 * Returns the name with which an image is pulled, inspected and run. For an image of Docker Hub, Testcontainers adds the prefix
 * in `TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX`, such as another registry. The function is idempotent, also in combination with
 * `ImageName.fromString` of Testcontainers.
 */
export function imageName(image: string): string {
  const { string: name } = ImageName.fromString(image);
  // A prefix without a dot or a port is an organization of Docker Hub. Without a registry it would be added each time.
  return ImageName.fromString(name).string === name ? name : `docker.io/${name.replace("//", "/")}`;
}
