/** A terminal that records the output of a command. */
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
