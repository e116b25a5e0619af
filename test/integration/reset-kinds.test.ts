import { describeKinds } from "../support/reset-kinds-suite.ts";

describeKinds("the default server", undefined);
