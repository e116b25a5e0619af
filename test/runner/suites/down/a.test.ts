import { declareTest } from "./leave-down.ts";

declareTest("a");
