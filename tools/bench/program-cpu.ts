// Prints the CPU milliseconds and the memory of this process to the end of an evaluation of a stack, or of
// an empty Pulumi program.
const [stack] = process.argv.slice(2);
if (stack) await (await import("../graph/evaluate.ts")).evaluate(stack);
else {
  const { runtime } = await import("@pulumi/pulumi");
  await runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
    call: () => ({}),
  });
  await runtime.disconnect();
}
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stdout.write(
  JSON.stringify({
    milliseconds: (userCPUTime + systemCPUTime) / 1000,
    megabytes: (maxRSS * 1024) / 1e6,
  }),
);
process.exit(0);
