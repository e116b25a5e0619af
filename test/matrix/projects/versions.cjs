// Prints the installed versions of the packages that the arguments name.
const { existsSync } = require("node:fs");
const { dirname, join } = require("node:path");

function readManifest(name) {
  try {
    return require(`${name}/package.json`);
  } catch (error) {
    // The package does not export its package.json.
    if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error;
  }
  let folder = dirname(require.resolve(name));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return require(join(folder, "package.json"));
}

const versions = process.argv.slice(2).map((name) => `${name} ${readManifest(name).version}`);
console.log(JSON.stringify(versions));
