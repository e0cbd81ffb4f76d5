// Pulumi requires this file with a TypeScript compiler of its own, which knows no `.ts` imports.
module.exports = import("tsx/esm/api").then(({ tsImport }) => tsImport("./pack.ts", __filename));
