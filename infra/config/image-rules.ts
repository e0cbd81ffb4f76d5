import { contextProblem } from "../image/build-context.ts";
import { perService } from "./setting-rule.ts";

/** What Docker would refuse minutes later, or Node in words of its own. */
export const imageRules = [
  perService([], (at, { image: { context, digest } }) => {
    const problem = context && !digest && contextProblem(context);
    return [
      Boolean(problem) &&
        `${at}.image.context: ${context} ${problem}; allowed: a folder with a Dockerfile and a package.json, such as service, in which everything can be read`,
    ];
  }),
];
