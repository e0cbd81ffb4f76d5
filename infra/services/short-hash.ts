import { createHash } from "node:crypto";

/** Eight digits that are other ones where the text is another one, for names. */
export const shortHash = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 8);
