export { default } from "../shared/global-setup.ts";
