module.exports = { preset: "ts-jest", testEnvironment: "node", testTimeout: 60_000 };
