/** A problem that the user of the plan can mend: its message is all that there is to say. */
export class PlanError extends Error {}
