/** A terminal, and what a command has printed there. */
export function printing({ color = false } = {}) {
  const printed = { out: "", err: "" };
  const terminal = {
    out: (text: string) => {
      printed.out += text;
    },
    err: (text: string) => {
      printed.err += text;
    },
    color,
  };
  return { terminal, printed };
}
