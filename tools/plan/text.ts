import { styleText } from "node:util";

/** Characters a line has at most. */
export const width = 80;

export type Style = (format: "bold" | "dim" | "red" | "yellow" | "green", text: string) => string;

/** Whether there is a terminal is for the caller to know. */
export const styleOf = (color: boolean): Style =>
  color ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;

/** A title with what is below it, after an empty line. */
export const section = (style: Style, title: string, lines: string[]): string[] => [
  "",
  style("bold", title),
  ...(lines.length > 0 ? lines : ["  none"]),
];

/** Words in lines of the page's width: the first line after `lead`, the others below its end. */
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

/** What is too long loses its middle: the ends tell names apart. */
export function fitted(text: string, room: number): string {
  if (text.length <= room) return text;
  const half = Math.max(Math.floor((room - 1) / 2), 0);
  return `${text.slice(0, room - 1 - half)}…${half > 0 ? text.slice(-half) : ""}`;
}

/** The whole of a line, broken wherever it must be; what follows is indented by the lead. */
export function broken(text: string, lead: string): string[] {
  const room = width - lead.length;
  const parts = text.match(new RegExp(`.{1,${room}}`, "g")) ?? [""];
  return parts.map((part, at) => `${at === 0 ? lead : " ".repeat(lead.length)}${part}`);
}

/** Text as HTML and SVG take it. */
export const escaped = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
