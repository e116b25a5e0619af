/** Creates a function that calls others, at most the given number at the same time, in the order of the calls. */
export { default as limitConcurrency } from "p-limit";
