/** One thing that an upgrade meets. */
export interface Finding {
  level: "blocks" | "look" | "fine";
  topic: string;
  words: string;
  /** What to do about it. */
  remedy?: string;
}

/** Makes findings of one topic. */
export const about = (topic: string) => ({
  blocks: (words: string, remedy?: string): Finding => ({ level: "blocks", topic, words, remedy }),
  look: (words: string, remedy?: string): Finding => ({ level: "look", topic, words, remedy }),
  fine: (words: string): Finding => ({ level: "fine", topic, words }),
});
