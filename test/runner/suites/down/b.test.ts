import { leavesDown } from "./leaves-down.ts";

leavesDown("b");
