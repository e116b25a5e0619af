// Prints the installed versions of the packages that the arguments name.
const versions = process.argv.slice(2).map((name) => `${name} ${require(`${name}/package.json`).version}`);
console.log(JSON.stringify(versions));
