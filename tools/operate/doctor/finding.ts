import type { Snapshot } from "./snapshot.ts";

/** Something that is wrong, and what to do. */
export interface Finding {
  /** Kind and name: `Pod web/web-7d4b9c-x2x9p`. */
  object: string;
  cause: string;
  /** The event or field that says it. */
  evidence: string;
  remedy: string;
  /** Where its consequences show: a namespace. @default none */
  namespace?: string;
  /** Another check says the cause; this one only says whose namespace it explains. @default false */
  silent?: boolean;
}

/** Finds one family of causes. Pure: the same snapshot has the same findings. */
export interface Check {
  name: string;
  /** For people: what it finds. */
  finds: string;
  /** Its findings may be the consequence of another: they count only where no cause is known in the namespace. */
  consequence?: true;
  find(snapshot: Snapshot): Finding[];
}

/** A text that means something, with what to say and to do about it. */
export interface Sign {
  text: RegExp;
  cause: string | ((match: RegExpExecArray) => string);
  remedy: string | ((match: RegExpExecArray) => string);
}

/** What the first sign that a text shows says. */
export function recognised(
  text: string,
  signs: Sign[],
): Pick<Finding, "cause" | "remedy"> | undefined {
  for (const { text: pattern, cause, remedy } of signs) {
    const match = pattern.exec(text);
    if (match) {
      const said = (words: Sign["cause"]) => (typeof words === "string" ? words : words(match));
      return { cause: said(cause), remedy: said(remedy) };
    }
  }
  return undefined;
}
