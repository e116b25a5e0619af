/** @type {import("jest").Config} */
export default { transform: {}, testTimeout: 60_000 }; // ES modules are run as they are
