import type { EvidenceArtifact } from "testcontainers-redis-cluster/vitest";
import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = {
  test: {
    attachmentsDir: process.env["TRC_ATTACHMENTS"] ?? "",
    reporters: [
      "default",
      {
        onTestCaseArtifactRecord(test, artifact) {
          const ours: EvidenceArtifact["type"] = "testcontainers-redis-cluster:evidence";
          if (artifact.type !== ours) return;
          console.log(
            `artifact of "${test.fullName}": ${artifact.folder}, ${artifact.attachments?.length} files`,
          );
        },
      },
    ],
  },
};

export default config;
