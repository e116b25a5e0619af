import { describeStateKinds } from "../support/reset-kinds-suite.ts";

describeStateKinds("the default server", undefined);
