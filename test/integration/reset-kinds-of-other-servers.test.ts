import { describeStateKinds } from "../support/reset-kinds-suite.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";

for (const { name, image } of OTHER_SERVERS) describeStateKinds(name, image);
