/** Where a command writes its text to. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  color: boolean;
}

/** Where a command writes its lines to. */
export interface Lines {
  out(line: string): void;
  err(line: string): void;
}

/**
 * The options of a command. Returns its exit code where there is nothing more to do: 2 when the command is
 * wrong, 0 when it asks for help.
 */
export function optionsOrExit<Options extends { help?: boolean }>(
  read: () => Options,
  usage: string,
  lines: Lines,
): Options | number {
  let options: Options;
  try {
    options = read();
  } catch (error) {
    lines.err(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (!options.help) return options;
  lines.out(usage);
  return 0;
}
