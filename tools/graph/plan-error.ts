/** A problem that the user can repair; the message needs no stack trace. */
export class PlanError extends Error {}
