import { styleText } from "node:util";

/** Max. characters of a line. */
export const width = 80;

export type Style = (format: "bold" | "dim" | "red" | "yellow" | "green", text: string) => string;

/** The caller knows whether the output is a terminal. */
export const styleOf = (color: boolean): Style =>
  color ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;

/** An empty line, a title and its lines. */
export const section = (style: Style, title: string, lines: string[]): string[] => [
  "",
  style("bold", title),
  ...(lines.length > 0 ? lines : ["  none"]),
];

/** Text in lines of the page's width; `lead` indents all but the first. */
export function wrapped(text: string, lead: string): string[] {
  const indent = " ".repeat(lead.length);
  const room = width - lead.length;
  const lines: string[] = [];
  for (const word of text.split(" ").map((one) => fitted(one, room))) {
    const glued = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && glued.length <= room) lines[lines.length - 1] = glued;
    else lines.push(word);
  }
  return lines.map((line, at) => `${at === 0 ? lead : indent}${line}`.trimEnd());
}

/** A long text without its middle, since names differ at their ends. */
export function fitted(text: string, room: number): string {
  if (text.length <= room) return text;
  const half = Math.max(Math.floor((room - 1) / 2), 0);
  return `${text.slice(0, room - 1 - half)}…${half > 0 ? text.slice(-half) : ""}`;
}

/** A line, broken at any character; `lead` indents the rest. */
export function broken(text: string, lead: string): string[] {
  const room = width - lead.length;
  const parts = text.match(new RegExp(`.{1,${room}}`, "g")) ?? [""];
  return parts.map((part, at) => `${at === 0 ? lead : " ".repeat(lead.length)}${part}`);
}

/** Escapes text for HTML and SVG. */
export const escaped = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
