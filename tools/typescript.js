// Loaded before every TypeScript file, by `node --import ./tools/typescript.js`. Node 22.18 and newer
// strip types themselves; tsx does it for older ones. Compiled code is kept where Node can keep it.
import module from "node:module";

module.enableCompileCache?.();
if (!process.features.typescript) await import("tsx");
