import Module, { createRequire } from "node:module";

// Import this before Pulumi's SDK. The SDK loads TypeScript and npm's Arborist, to make AWS Lambda functions
// of JavaScript functions. They are half of its modules, and 35 MB. A program without such functions does
// not need them; here they are loaded at the first call.

const require = createRequire(import.meta.url);

/** Does nothing if the module is loaded already. @param functions all that others read of the module */
function loadAtFirstCall(id: string, functions: string[]): void {
  const filename = require.resolve(id);
  if (require.cache[filename]) return;
  const call =
    (name: string) =>
    (...args: unknown[]) => {
      if (require.cache[filename] === onDemand) delete require.cache[filename];
      return require(filename)[name](...args);
    };
  const onDemand = new Module(filename);
  onDemand.exports = Object.fromEntries(functions.map((name) => [name, call(name)]));
  onDemand.loaded = true;
  require.cache[filename] = onDemand;
}

const closures = "@pulumi/pulumi/runtime/closure";
loadAtFirstCall(`${closures}/codePaths.js`, ["computeCodePaths"]);
loadAtFirstCall(`${closures}/serializeClosure.js`, ["serializeFunction", "serializeFunctionAsync"]);
