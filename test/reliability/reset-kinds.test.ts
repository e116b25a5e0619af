import { describeKinds } from "../support/reset-kinds-suite.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";

for (const { name, image } of OTHER_SERVERS) describeKinds(name, image);
