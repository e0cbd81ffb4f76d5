// Pulumi loads this file with its own TypeScript compiler, which supports no `.ts` imports.
module.exports = import("tsx/esm/api").then(({ tsImport }) => tsImport("./pack.ts", __filename));
