/**
 * The values of variables.
 *
 * @throws an error that names those that are missing or empty
 */
export function variables<Name extends string>(...names: Name[]): Record<Name, string> {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    throw new Error(`missing: ${missing.join(", ")}; the platform gives them by \`uses\``);
  }
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<Name, string>;
}

/**
 * Runs a program until it ends or the process is told to stop, which the signal says. What it throws
 * is told in a line, and the exit code is 1.
 */
export async function run(program: (stop: AbortSignal) => Promise<void>): Promise<never> {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  try {
    await program(stop.signal);
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(1);
  }
  process.exit();
}

/** One line. Node.js gives a code and no words where several addresses refuse. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return (message || code || String(error)).replaceAll("\n", " ");
}
